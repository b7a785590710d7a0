import { Radio, Stack, Switch, TextInput } from '@mantine/core'
import { PasswordField } from '../../ui/form-parts.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Panel } from '../../ui/panel.tsx'
import classes from './storage.module.css'
import { hasTls, withTls } from './target-fields.ts'
import type { FieldsProps } from './target-form.tsx'

/** The fields of T3. */
export function S3Fields(props: FieldsProps) {
  return (
    <>
      <Panel title={props.fixed ? 'Protection' : 'Where it is'}>
        <Stack gap="md">
          {props.fixed ? null : <Bucket {...props} />}
          <Protection {...props} />
        </Stack>
      </Panel>
      <Panel title="Sign-in">
        <SignIn {...props} />
      </Panel>
    </>
  )
}

function Bucket({ form }: FieldsProps) {
  const endpoint = form.getInputProps('endpoint')
  return (
    <>
      <TextInput
        label="Endpoint URL"
        description="Empty for AWS. For others their URL, without the bucket."
        placeholder="https://minio.example.org:9000"
        inputMode="url"
        maxLength={300}
        {...endpoint}
        onBlur={() => {
          const { endpoint: typed } = form.getValues()
          if (typed.trim() !== '' && !/^[a-z]+:\/\//i.test(typed.trim())) form.setFieldValue('endpoint', withTls(typed, true))
        }}
      />
      <details className={classes.examples}>
        <summary>Endpoints of well-known services</summary>
        <dl>
          <dt>Backblaze B2</dt>
          <dd>https://s3.eu-central-003.backblazeb2.com</dd>
          <dt>Wasabi</dt>
          <dd>https://s3.eu-central-1.wasabisys.com</dd>
          <dt>DigitalOcean Spaces</dt>
          <dd>https://fra1.digitaloceanspaces.com</dd>
          <dt>MinIO, SeaweedFS, Ceph</dt>
          <dd>the URL of your own server with its port</dd>
        </dl>
      </details>
      <div className={classes.fields}>
        <TextInput label="Bucket" description="It has to exist already." required maxLength={63} {...form.getInputProps('bucket')} />
        <TextInput
          label="Prefix"
          description="A folder in the bucket to stay below. Empty for the whole bucket."
          maxLength={200}
          {...form.getInputProps('prefix')}
        />
      </div>
    </>
  )
}

function Protection({ form }: FieldsProps) {
  const { endpoint, verifyCertificate } = form.values
  const aws = endpoint.trim() === ''
  const tls = hasTls(endpoint)
  return (
    <>
      <div className={classes.fields}>
        <TextInput
          label="Region"
          description="Servers of your own usually take us-east-1."
          placeholder="eu-central-1"
          required
          maxLength={64}
          {...form.getInputProps('region')}
        />
        <TextInput
          label="KMS key id"
          description="Set: objects are encrypted under this key (SSE-KMS). Empty: by the storage's own (SSE-S3)."
          maxLength={2048}
          {...form.getInputProps('kmsKeyId')}
        />
      </div>
      <Switch
        label="Use TLS"
        description={aws ? 'AWS is always reached over TLS.' : 'Off only in a network that you trust: all that is sent can be read there.'}
        checked={tls}
        disabled={aws}
        onChange={(event) => form.setFieldValue('endpoint', withTls(endpoint, event.currentTarget.checked))}
      />
      <Switch
        label="Check the certificate"
        description="Off accepts any server that answers at this address, also one that pretends to be yours."
        checked={tls && verifyCertificate}
        disabled={!tls}
        onChange={(event) => form.setFieldValue('verifyCertificate', event.currentTarget.checked)}
      />
      {tls ? null : <Unprotected>Whoever can listen on the way sees object names and can change what is sent.</Unprotected>}
      {tls && !verifyCertificate ? <Unprotected>Holdfast can't tell whether it talks to your server.</Unprotected> : null}
    </>
  )
}

const Unprotected = ({ children }: { children: string }) => (
  <Notice tone="attention" title="The way to this storage is not protected" live>
    {children} Encrypted Storage stays sealed; files of Direct do not.
  </Notice>
)

function SignIn({ form, stored }: FieldsProps) {
  const { access } = form.values
  const keep = stored && form.getInitialValues().access === 'key'
  const description = keep ? 'Leave empty to keep the one that is stored.' : undefined
  return (
    <Stack gap="md">
      <Radio.Group label="How this server signs in" {...form.getInputProps('access')}>
        <Stack gap="xs" mt={6}>
          <Radio value="key" label="Access key" description="A key id and its secret, made for Holdfast alone." />
          <Radio value="role" label="IAM role" description="The role that this machine has on AWS. Nothing is stored here." />
        </Stack>
      </Radio.Group>
      {access === 'key' ? (
        <div className={classes.fields}>
          <TextInput
            label="Access key id"
            description={description}
            required={!keep}
            maxLength={128}
            autoComplete="off"
            spellCheck={false}
            {...form.getInputProps('accessKeyId')}
          />
          <PasswordField
            label="Secret access key"
            description={description}
            required={!keep}
            maxLength={256}
            autoComplete="new-password"
            {...form.getInputProps('secretAccessKey')}
          />
        </div>
      ) : null}
    </Stack>
  )
}
