import { notifications } from '@mantine/notifications'
import { sayProblem } from './problem-words.ts'

/** Says in a corner of the page what could not be done; `text` where more is known than the error tells. */
export function tellFault(title: string, error: unknown, text?: string | null): void {
  const said = sayProblem(error)
  notifications.show({ color: 'red', title, message: text ?? `${said.title}. ${said.text}`, autoClose: 12_000 })
}
