// Loaded into the process of every suite. One that something keeps alive after its last test, such as a handle that a library leaves open,
// would hold up all suites after it for ever: where no test has run for five minutes it is ended, and says what it was.
// (`--test-force-exit` ends a suite as soon as no test is known, also where a top-level await stands before the next ones.)
import { afterEach, beforeEach } from 'node:test'

const GRACE = 5 * 60_000

function watch() {
  let running = 0
  let timer
  const end = () => {
    const alive = process.getActiveResourcesInfo().join(', ')
    process.stderr.write(`${process.argv[1]}: its tests have ended, and something keeps it alive: ${alive}. It is ended now.\n`)
    process.exit()
  }
  beforeEach(() => {
    running += 1
    clearTimeout(timer)
  })
  afterEach(() => {
    running -= 1
    if (running === 0) timer = setTimeout(end, GRACE).unref()
  })
}

if (process.env.NODE_TEST_CONTEXT) watch()
