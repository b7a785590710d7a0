import type { ObjectClass } from '@holdfast/api'
import { Checkbox, Modal, NativeSelect, NumberInput, Stack, TagsInput, Textarea, TextInput } from '@mantine/core'
import { type UseFormReturnType, useForm } from '@mantine/form'
import { useMutation } from '@tanstack/react-query'
import { keys } from '../../app/query-keys.ts'
import { useClient } from '../../app/services.tsx'
import { FormActions, FormProblem } from '../../ui/form-parts.tsx'
import { placeProblem, toFirstProblem } from '../../ui/form-problem.ts'
import { retentionWords } from '../../ui/retention-words.ts'
import { useRefresh } from '../../ui/use-refresh.ts'
import {
  type ClassValues,
  classFaults,
  classRetentionNames,
  emptyClass,
  knownTypes,
  malwareChoices,
  tierChoices,
  toClassCreate,
  toClassUpdate,
  valuesOf,
} from './class-words.ts'

type ClassFormProps = { readonly shown?: ObjectClass; readonly opened: boolean; readonly onClose: () => void }

/** Makes a class, or changes `shown`. */
export function ClassForm(props: ClassFormProps) {
  return (
    <Modal opened={props.opened} onClose={props.onClose} title={props.shown ? `Edit ${props.shown.name}` : 'New object class'} size="lg">
      {props.opened ? <FormOf {...props} /> : null}
    </Modal>
  )
}

function useSave({ shown, onClose }: ClassFormProps) {
  const client = useClient()
  const refresh = useRefresh()
  const form = useForm<ClassValues>({ initialValues: shown ? valuesOf(shown) : emptyClass, validate: classFaults })
  const save = useMutation({
    mutationFn: (values: ClassValues) =>
      shown
        ? client.objectClasses.update(shown.name, toClassUpdate(values), { ifVersion: shown.version })
        : client.objectClasses.create(toClassCreate(values)),
    onSuccess: onClose,
    onError: (error) => placeProblem(form, error, shown ? {} : { CONFLICT: 'name' }),
    onSettled: () => refresh(keys.classes, keys.audit),
  })
  return { form, save }
}

function FormOf(props: ClassFormProps) {
  const { form, save } = useSave(props)
  return (
    <form onSubmit={form.onSubmit((values) => save.mutate(values), toFirstProblem)} noValidate>
      <Stack gap="md">
        <FormProblem error={save.error} errors={form.errors} />
        {props.shown ? null : (
          <TextInput
            label="Name"
            description="Apps name it in each upload. It never changes later."
            placeholder="INSURANCE_CLAIM"
            required
            maxLength={64}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
            {...form.getInputProps('name')}
          />
        )}
        <Textarea label="Description" autosize minRows={1} maxRows={4} maxLength={500} {...form.getInputProps('description')} />
        <Limits form={form} />
        <Handling form={form} />
        <FormActions label={props.shown ? 'Save changes' : 'Create class'} pending={save.isPending} onCancel={props.onClose} />
      </Stack>
    </form>
  )
}

type PartProps = { readonly form: UseFormReturnType<ClassValues> }

const Limits = ({ form }: PartProps) => (
  <>
    <TagsInput
      label="Types"
      description="Choose, or type any other and press Enter."
      placeholder={form.values.contentTypes.length === 0 ? 'application/pdf' : ''}
      required
      data={knownTypes}
      maxTags={100}
      acceptValueOnBlur
      {...form.getInputProps('contentTypes')}
      onChange={(types) =>
        form.setFieldValue(
          'contentTypes',
          types.map((type) => type.trim().toLowerCase()),
        )
      }
    />
    <NumberInput label="Largest file in MB" required min={0.001} decimalScale={3} {...form.getInputProps('megabytes')} />
  </>
)

const Handling = ({ form }: PartProps) => (
  <>
    <NativeSelect
      label="Kept"
      description={retentionWords[form.values.retention].explain}
      data={classRetentionNames.map((value) => ({ value, label: retentionWords[value].label }))}
      {...form.getInputProps('retention')}
    />
    <Checkbox
      label="A new file replaces the current one of the same owner"
      description="The one before is deleted after 30 days. A rejected file replaces nothing."
      {...form.getInputProps('replaceable', { type: 'checkbox' })}
    />
    <NativeSelect label="Way and protection" data={[...tierChoices]} {...form.getInputProps('tier')} />
    <NativeSelect label="Where malware is found" data={[...malwareChoices]} {...form.getInputProps('malware')} />
  </>
)
