import type { Instance } from '@holdfast/server'
import { Option } from 'commander'

/** `--data DIR`, or HOLDFAST_DATA_DIR. */
export const dataDirOption = (): Option => new Option('--data <DIR>', 'the data folder').env('HOLDFAST_DATA_DIR').makeOptionMandatory()

export const tenantOption = (): Option => new Option('--tenant <ID>', 'the tenant, where there are several: its id from tenant list')

/** The environment with what the command line says in front of it. */
export const environment = (data: string, more: Readonly<Record<string, string | undefined>> = {}): Record<string, string | undefined> => ({
  ...process.env,
  HOLDFAST_DATA_DIR: data,
  ...Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined)),
})

/** Opens the data folder for one command, beside a running server or without one. */
export async function withInstance<T>(data: string, work: (instance: Instance) => Promise<T>): Promise<T> {
  const { openForOperator } = await import('@holdfast/server/operator')
  await using instance = await openForOperator(environment(data))
  return await work(instance)
}
