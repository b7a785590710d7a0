import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import classes from './filters.module.css'

/** The row of filters above a list. `label` says what they narrow. */
export const Filters = ({ label, children }: { label: string; children: ReactNode }) => (
  <search className={classes.filters} aria-label={label}>
    {children}
  </search>
)

type ChoiceFilterProps<T extends string> = {
  readonly label: string
  /** What choosing nothing is called. */
  readonly all: string
  readonly value: T | undefined
  readonly choices: readonly { readonly value: T; readonly label: string }[]
  readonly onValue: (value: T | undefined) => void
}

export function ChoiceFilter<T extends string>({ label, all, value, choices, onValue }: ChoiceFilterProps<T>) {
  return (
    <NativeSelect
      label={label}
      value={value ?? ''}
      data={[{ value: '', label: all }, ...choices]}
      onChange={(event) => onValue(choices.find((choice) => choice.value === event.currentTarget.value)?.value)}
    />
  )
}

type TextFilterProps = {
  readonly label: string
  readonly placeholder?: string
  readonly value: string | undefined
  /** Why this text can't be asked for; null where it can. */
  readonly faultOf?: (text: string) => string | null
  readonly onValue: (value: string | undefined) => void
}

/** Narrows to what was typed, a moment after the last key. */
export function TextFilter({ label, placeholder, value, faultOf, onValue }: TextFilterProps) {
  const [typed, setTyped] = useState(value ?? '')
  const sent = useRef(value)
  const send = useDebouncedCallback((text: string) => {
    sent.current = text === '' ? undefined : text
    onValue(sent.current)
  }, 300)
  useEffect(() => {
    // The address changed by other means than typing here.
    if (sent.current === value) return
    sent.current = value
    setTyped(value ?? '')
  }, [value])
  const fault = typed.trim() === '' ? null : (faultOf?.(typed.trim()) ?? null)
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={typed}
      error={fault}
      autoComplete="off"
      spellCheck={false}
      onChange={(event) => {
        const text = event.currentTarget.value
        setTyped(text)
        if (!faultOf?.(text.trim()) || text.trim() === '') send(text.trim())
      }}
    />
  )
}

/** Back to the whole list; nothing where nothing is narrowed. */
export const ClearFilters = ({ shown, onClear }: { shown: boolean; onClear: () => void }) =>
  shown ? (
    <div className={classes.clear}>
      <Button size="compact-sm" variant="subtle" onClick={onClear}>
        Clear filters
      </Button>
    </div>
  ) : null
