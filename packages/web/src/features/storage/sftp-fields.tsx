import { Button, FileButton, Radio, Stack, Textarea, TextInput } from '@mantine/core'
import { IconFileUpload } from '@tabler/icons-react'
import { PasswordField } from '../../ui/form-parts.tsx'
import { Panel } from '../../ui/panel.tsx'
import { ServerFields } from './smb-fields.tsx'
import classes from './storage.module.css'
import type { FieldsProps } from './target-form.tsx'

/** The fields of T5. */
export function SftpFields(props: FieldsProps) {
  const { form, fixed } = props
  return (
    <>
      {fixed ? null : (
        <Panel title="Where it is">
          <Stack gap="md">
            <ServerFields form={form} port={22} />
            <TextInput
              label="Directory"
              description="It has to exist already. Absolute, or below the home of the user; empty for the home itself."
              placeholder="/srv/evidence"
              maxLength={1000}
              spellCheck={false}
              {...form.getInputProps('directory')}
            />
          </Stack>
        </Panel>
      )}
      <Panel title="Sign-in">
        <SignIn {...props} />
      </Panel>
    </>
  )
}

function SignIn({ form, stored }: FieldsProps) {
  const { signIn } = form.values
  return (
    <Stack gap="md">
      <div className={classes.fields}>
        <TextInput label="User" required maxLength={256} autoComplete="off" spellCheck={false} {...form.getInputProps('user')} />
      </div>
      <Radio.Group label="How this server signs in" {...form.getInputProps('signIn')}>
        <Stack gap="xs" mt={6}>
          {stored ? <Radio value="keep" label="As it is stored" description="The password or key that was saved is kept." /> : null}
          <Radio value="password" label={stored ? 'New password' : 'Password'} />
          <Radio
            value="privateKey"
            label={stored ? 'New private key' : 'Private key'}
            description="An OpenSSH key: Ed25519, ECDSA or RSA, with or without a passphrase. A key that is refused is not followed by a password."
          />
        </Stack>
      </Radio.Group>
      {signIn === 'password' ? (
        <div className={classes.fields}>
          <PasswordField label="Password" required maxLength={1024} autoComplete="new-password" {...form.getInputProps('password')} />
        </div>
      ) : null}
      {signIn === 'privateKey' ? <KeyFields form={form} /> : null}
    </Stack>
  )
}

const mostKeyBytes = 32_768

function KeyFields({ form }: Pick<FieldsProps, 'form'>) {
  const read = async (file: File | null) => {
    if (!file) return
    if (file.size > mostKeyBytes) form.setFieldError('privateKey', `${file.name} is too large for a private key.`)
    else form.setFieldValue('privateKey', await file.text())
  }
  return (
    <>
      <Textarea
        label="Private key"
        description="Paste it, or choose its file. It is kept encrypted and never shown again."
        required
        autosize
        minRows={4}
        maxRows={8}
        maxLength={mostKeyBytes}
        autoComplete="off"
        spellCheck={false}
        classNames={{ input: classes.key ?? '' }}
        {...form.getInputProps('privateKey')}
      />
      <div>
        <FileButton onChange={(file) => void read(file)}>
          {(props) => (
            <Button variant="default" size="xs" leftSection={<IconFileUpload size={15} aria-hidden="true" />} {...props}>
              Choose key file
            </Button>
          )}
        </FileButton>
      </div>
      <div className={classes.fields}>
        <PasswordField
          label="Passphrase"
          description="Of the key; empty where it has none."
          maxLength={1024}
          autoComplete="new-password"
          {...form.getInputProps('passphrase')}
        />
      </div>
    </>
  )
}
