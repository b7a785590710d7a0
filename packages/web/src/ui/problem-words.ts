import { problems } from '@holdfast/api'
import { ApiProblem, NetworkProblem } from '@holdfast/client'

export type SaidProblem = { title: string; text: string; requestId: string | null }

/** What went wrong and what to do about it, for people. Never shows a stack or an answer that is not Holdfast's own. */
export function sayProblem(error: unknown): SaidProblem {
  if (error instanceof NetworkProblem)
    return { title: error.message, text: 'Check the connection of this computer, then try again.', requestId: null }
  if (error instanceof ApiProblem) {
    if (error.code === 'UNEXPECTED_ANSWER')
      return {
        title: `The server answered ${error.status} in a way this page does not understand`,
        text: 'A proxy between this browser and Holdfast may have answered instead. Try again; tell your administrator if it stays.',
        requestId: null,
      }
    const remedy: string | undefined = problems[error.code]?.remedy
    const text = !remedy || error.detail.includes(remedy) ? error.detail : `${sentence(error.detail)} ${remedy}`
    return { title: error.title, text, requestId: error.requestId }
  }
  return { title: 'Something went wrong in this page', text: 'Reload the page and try again.', requestId: null }
}

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)

export const isStatus = (error: unknown, status: number): boolean => error instanceof ApiProblem && error.status === status

/** Trying again helps only where the server or the line failed, not where the server said no. */
export const isWorthRetrying = (error: unknown): boolean =>
  error instanceof NetworkProblem || (error instanceof ApiProblem && error.status >= 500 && error.status !== 507)
