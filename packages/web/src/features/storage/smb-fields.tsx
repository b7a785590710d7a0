import { NumberInput, Stack, TextInput } from '@mantine/core'
import { PasswordField } from '../../ui/form-parts.tsx'
import { Panel } from '../../ui/panel.tsx'
import classes from './storage.module.css'
import type { FieldsProps } from './target-form.tsx'

/** The fields of T4. */
export function SmbFields({ form, fixed, stored }: FieldsProps) {
  return (
    <>
      {fixed ? null : (
        <Panel title="Where it is">
          <Share form={form} />
        </Panel>
      )}
      <Panel title="Sign-in">
        <div className={classes.fields}>
          <TextInput label="User" required maxLength={256} autoComplete="off" spellCheck={false} {...form.getInputProps('user')} />
          <PasswordField
            label="Password"
            description={stored ? 'Leave empty to keep the one that is stored.' : undefined}
            required={!stored}
            maxLength={512}
            autoComplete="new-password"
            {...form.getInputProps('password')}
          />
          <TextInput
            label="Domain"
            description="WORKGROUP for a server on its own. A user of a domain signs in as DOMAIN\user."
            placeholder="WORKGROUP"
            maxLength={256}
            spellCheck={false}
            {...form.getInputProps('domain')}
          />
        </div>
      </Panel>
    </>
  )
}

function Share({ form }: Pick<FieldsProps, 'form'>) {
  return (
    <Stack gap="md">
      <ServerFields form={form} port={445} />
      <div className={classes.fields}>
        <TextInput
          label="Share"
          description={'Its name alone: evidence for \\\\nas\\evidence.'}
          required
          maxLength={80}
          spellCheck={false}
          {...form.getInputProps('share')}
        />
        <TextInput
          label="Folder"
          description="A folder of the share to stay below; it is made where it is missing. Empty for the whole share."
          maxLength={1000}
          spellCheck={false}
          {...form.getInputProps('folder')}
        />
      </div>
    </Stack>
  )
}

/** Host and port, as SMB and SFTP both have them. */
export function ServerFields({ form, port }: Pick<FieldsProps, 'form'> & { readonly port: number }) {
  return (
    <div className={classes.fields}>
      <TextInput
        label="Host"
        description="A name or an address."
        placeholder="nas.example.org"
        required
        maxLength={254}
        spellCheck={false}
        {...form.getInputProps('host')}
      />
      <NumberInput
        label="Port"
        description={`Empty for ${port}.`}
        placeholder={String(port)}
        min={1}
        max={65_535}
        allowDecimal={false}
        hideControls
        {...form.getInputProps('port')}
        onChange={(value) => form.setFieldValue('port', value === '' ? '' : Number(value))}
      />
    </div>
  )
}
