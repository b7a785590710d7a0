import type { WebhookCreated } from '@holdfast/api'
import { Modal } from '@mantine/core'
import { SecretOnce } from '../../ui/secret-once.tsx'

type SigningSecretProps = { readonly made: WebhookCreated | null; readonly title: string; readonly onClose: () => void }

/** Open while there is a secret to show. A slip of the hand does not close it. */
export const SigningSecret = ({ made, title, onClose }: SigningSecretProps) => (
  <Modal opened={made !== null} onClose={onClose} title={title} closeOnClickOutside={false} closeOnEscape={false}>
    {made ? (
      <SecretOnce of={new URL(made.webhook.url).host} value={made.secret} onClose={onClose}>
        The receiver checks the header <span className="hf-mono">webhook-signature</span> with it, as any library for Standard Webhooks
        does. {made.webhook.previousSecretUntil ? 'For 24 hours messages are signed with the secret of before, too.' : null}
      </SecretOnce>
    ) : null}
  </Modal>
)
