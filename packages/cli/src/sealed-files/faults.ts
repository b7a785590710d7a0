import { ContainerError, describeContainerError } from '@holdfast/container'
import { CommandFailure } from '../failure.ts'

/** Runs `work`; what is wrong with the container `name` becomes a line for people that says where. */
export async function faultsOf<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof ContainerError) throw new CommandFailure(`${name}: ${describeContainerError(error)}`)
    throw error
  }
}
