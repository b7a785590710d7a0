import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { CopyTextButton } from './copy.tsx'
import { Notice } from './notice.tsx'

type SecretOnceProps = {
  /** Whose secret it is. */
  readonly of: string
  readonly value: string
  readonly onClose: () => void
  /** What programs do with it. */
  readonly children: ReactNode
}

/** The one time that a secret is seen; nothing but the dialog around it holds it. */
export function SecretOnce({ of, value, onClose, children }: SecretOnceProps) {
  return (
    <Stack gap="md">
      <Notice tone="attention" live title="Copy the secret now">
        It is shown this once. Holdfast cannot show it again.
      </Notice>
      <TextInput
        label={`Secret of ${of}`}
        readOnly
        value={value}
        onFocus={(event) => event.currentTarget.select()}
        classNames={{ input: 'hf-mono' }}
        data-autofocus
      />
      <Text size="sm">{children}</Text>
      <Group justify="flex-end" gap="xs">
        <CopyTextButton value={value}>Copy secret</CopyTextButton>
        <Button onClick={onClose}>I have saved it</Button>
      </Group>
    </Stack>
  )
}
