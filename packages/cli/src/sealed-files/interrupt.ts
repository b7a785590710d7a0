const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Runs `cleanUp` before an interrupt ends the program with status 130, until disposed. */
export function onInterrupt(cleanUp: () => void): Disposable {
  const listener = () => {
    cleanUp()
    // Others that clean up get their turn in the same round of listeners.
    setImmediate(() => process.exit(130))
  }
  for (const signal of SIGNALS) process.on(signal, listener)
  return {
    [Symbol.dispose]() {
      for (const signal of SIGNALS) process.off(signal, listener)
    },
  }
}
