/** How many parts are in flight: one fewer each time the storage asks for less, one more after a run of parts that went through. */
export interface LaneWidth {
  now(): number
  wentThrough(): void
  pushedBack(): void
}

/** Begins at `first`; stays between 1 and `most`. */
export function createLaneWidth(first: number, most: number): LaneWidth {
  let width = first
  let inARow = 0
  return {
    now: () => width,
    wentThrough() {
      inARow += 1
      if (inARow < 2 * width || width >= most) return
      width += 1
      inARow = 0
    },
    pushedBack() {
      width = Math.max(1, width - 1)
      inARow = 0
    },
  }
}
