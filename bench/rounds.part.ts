/** One way to do the same work; answers how long it took, in seconds. */
export type Variant = { readonly name: string; run(): Promise<number> }

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/**
 * Runs the variants in turn, round by round, and prints each one's median rate and its ratio to the first one, taken within each round:
 * absolute figures drift on a shared machine, ratios of one round hold better. `bytes` 0 prints runs a second.
 */
export async function compare(
  title: string,
  variants: readonly Variant[],
  options: { rounds: number; bytes: number; runs?: number },
): Promise<void> {
  const { rounds, bytes, runs = 1 } = options
  const seconds = variants.map((): number[] => [])
  for (let round = 0; round < rounds; round += 1) {
    for (const [i, variant] of variants.entries()) seconds[i]!.push(await variant.run())
  }
  process.stdout.write(`${title} (${rounds} rounds, medians)\n`)
  for (const [i, { name }] of variants.entries()) {
    const time = median(seconds[i]!)
    const rate = bytes > 0 ? `${Math.round(bytes / 1e6 / time)} MB/s` : `${Math.round(runs / time)}/s`
    const ratio = median(seconds[i]!.map((value, round) => seconds[0]![round]! / value))
    process.stdout.write(`  ${name.padEnd(58)} ${rate.padStart(11)}  ${ratio.toFixed(2)}\n`)
  }
}
