/** Runs `work` on each item, a few at a time; answers in the same order. */
export async function someAtOnce<T, R>(items: readonly T[], work: (item: T) => R | Promise<R>): Promise<R[]> {
  const AT_ONCE = 8
  const results: R[] = []
  for (let at = 0; at < items.length; at += AT_ONCE) results.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(work))))
  return results
}
