import type { Case, Item, Target } from '@holdfast/api'
import type { Client } from '@holdfast/client'
import { CommandFailure, wrongUse } from './failure.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** A client for the server and token that the environment names. */
export async function connect(): Promise<Client> {
  const baseUrl = process.env.HOLDFAST_URL?.trim() || 'http://localhost:8080'
  const token = process.env.HOLDFAST_TOKEN?.trim()
  if (!URL.canParse(baseUrl) || !/^https?:$/.test(new URL(baseUrl).protocol))
    throw wrongUse(`HOLDFAST_URL is not an http or https address: ${baseUrl}`)
  if (!token) throw wrongUse('HOLDFAST_TOKEN is not set; "holdfast token create --data DIR --role examiner" makes one')
  const { createClient } = await import('@holdfast/client')
  return createClient({ baseUrl, token })
}

/** The case of this number, or of this id. */
export async function getCase(client: Client, numberOrId: string): Promise<Case> {
  const found = uuid.test(numberOrId) ? await client.cases.get(numberOrId) : await client.cases.findByNumber(numberOrId)
  if (found === null) throw new CommandFailure(`There is no case ${numberOrId}; "holdfast case create" makes one`)
  return found
}

/** The item of this label in the case, or of this id. */
export async function getItem(client: Client, owner: Case, labelOrId: string): Promise<Item> {
  if (uuid.test(labelOrId)) return client.items.get({ caseId: owner.id, itemId: labelOrId })
  for await (const item of client.items.every(owner.id)) if (item.label === labelOrId) return item
  throw new CommandFailure(`Case ${owner.number} has no item ${labelOrId}`)
}

/** The target of this id, or the only one of this name. */
export async function getTarget(client: Client, nameOrId: string): Promise<Target> {
  const found: Target[] = []
  for await (const one of client.targets.every()) {
    if (one.id === nameOrId) return one
    if (one.name === nameOrId) found.push(one)
  }
  const [first, second] = found
  if (first === undefined) throw new CommandFailure(`There is no storage target ${nameOrId}; "holdfast target list" lists them`)
  if (second !== undefined) throw new CommandFailure(`${found.length} storage targets are called ${nameOrId}; give the id of one`)
  return first
}
