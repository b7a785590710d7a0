/** What a parser is given at once: between two of them its reader can stop it. */
const SLICE_CHARACTERS = 4096

/**
 * Feeds `text` to `write` until `isStopped`. A parser takes time for each element that grows with its depth, so whoever bounds depth or
 * stops at the first fault must not have to wait for the end of a long text.
 */
export function writeSlices(text: string, write: (slice: string) => unknown, isStopped: () => boolean): void {
  for (let at = 0; at < text.length && !isStopped(); at += SLICE_CHARACTERS) write(text.slice(at, at + SLICE_CHARACTERS))
}
