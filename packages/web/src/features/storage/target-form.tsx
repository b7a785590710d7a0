import type { Target } from '@holdfast/api'
import { Button, MantineThemeProvider, NumberInput, Stack, TextInput } from '@mantine/core'
import { IconPlugConnected } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { ButtonLink } from '../../ui/links.tsx'
import { Notice } from '../../ui/notice.tsx'
import { Panel } from '../../ui/panel.tsx'
import { Failed } from '../../ui/states.tsx'
import type { RemoteKind } from '../../ui/target-kinds.ts'
import { QuotaTooSmall } from './quota.tsx'
import { S3Fields } from './s3-fields.tsx'
import { S3Rights } from './s3-rights.tsx'
import { ServerNeeds } from './server-needs.tsx'
import { SftpFields } from './sftp-fields.tsx'
import { SmbFields } from './smb-fields.tsx'
import classes from './storage.module.css'
import { placeErrors } from './target-checks.ts'
import { quotaToBytes } from './target-words.ts'
import { TryPanel } from './try-panel.tsx'
import { type TargetForm, type TargetFormSetup, type TargetFormState, useTargetForm } from './use-target-form.ts'

export type FieldsProps = {
  readonly form: TargetForm
  /** A target that is edited: its place is told elsewhere and stays. */
  readonly fixed: boolean
  readonly stored: boolean
}

const fieldsOf: Record<RemoteKind, (props: FieldsProps) => ReactNode> = { s3: S3Fields, smb: SmbFields, sftp: SftpFields }

type TargetFormViewProps = TargetFormSetup & {
  readonly saveLabel: string
  readonly above?: ReactNode
  /** What an edited target stores already. */
  readonly held?: Pick<Target, 'usedBytes' | 'reservedBytes'>
}

/** Help below the inputs, so that those side by side stand on one line however long it is. */
const helpBelow = { components: { InputWrapper: { defaultProps: { inputWrapperOrder: ['label', 'input', 'description', 'error'] } } } }

/** Every field of a target of one kind, its test, and what its server needs. */
export function TargetFormView({ saveLabel, above, held, ...setup }: TargetFormViewProps) {
  const state = useTargetForm(setup)
  const Fields = fieldsOf[setup.kind]
  const { form } = state
  return (
    <form onSubmit={state.submit} noValidate autoComplete="off" className={classes.formColumns}>
      <MantineThemeProvider inherit theme={helpBelow}>
        <Stack gap="md">
          {above}
          <Panel title="General">
            <Common form={form} />
            {held ? <QuotaTooSmall target={held} quotaBytes={quotaToBytes(form.values.quotaBytes)} /> : null}
          </Panel>
          <Fields form={form} fixed={setup.targetId !== null} stored={setup.stored} />
          <TryPanel kind={setup.kind} state={state} fixed={setup.targetId !== null} />
          <SaveFailed state={state} />
          <Foot state={state} saveLabel={saveLabel} />
        </Stack>
      </MantineThemeProvider>
      <Stack gap="md">{setup.kind === 's3' ? <S3Rights values={form.values} /> : <ServerNeeds kind={setup.kind} />}</Stack>
    </form>
  )
}

function Common({ form }: { form: TargetForm }) {
  return (
    <div className={classes.fields}>
      <TextInput
        label="Name"
        description="What people call it, for example NAS in the cellar."
        required
        maxLength={200}
        {...form.getInputProps('name')}
      />
      <QuotaField {...form.getInputProps('quotaBytes')} />
    </div>
  )
}

type QuotaProps = { readonly value?: number | ''; readonly onChange?: (value: number | '') => void; readonly error?: ReactNode }

export function QuotaField(props: QuotaProps) {
  return (
    <NumberInput
      label="Quota in GB"
      description="The most that Holdfast stores here. Empty for no quota."
      min={0}
      decimalScale={3}
      thousandSeparator
      suffix=" GB"
      hideControls
      {...props}
      onChange={(value) => props.onChange?.(value === '' ? '' : Number(value))}
    />
  )
}

/** What no single input is to blame for. */
function SaveFailed({ state: { save } }: { state: TargetFormState }) {
  if (!save.error) return null
  const { fields, rest } = placeErrors(save.error)
  if (rest.length > 0)
    return (
      <Notice tone="bad" live title="It was not saved">
        {rest.join(' ')}
      </Notice>
    )
  return Object.keys(fields).length > 0 ? null : <Failed error={save.error} />
}

function Foot({ state: { save, trying }, saveLabel }: { state: TargetFormState; saveLabel: string }) {
  return (
    <div className={classes.foot}>
      <Button
        variant="default"
        leftSection={<IconPlugConnected size={16} aria-hidden="true" />}
        loading={trying.pending}
        onClick={trying.start}
      >
        Test connection
      </Button>
      <span className={classes.footEnd}>
        <ButtonLink to="/settings/storage" variant="default">
          Cancel
        </ButtonLink>
        <Button type="submit" loading={save.isPending}>
          {saveLabel}
        </Button>
      </span>
    </div>
  )
}
