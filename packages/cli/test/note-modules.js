import { registerHooks } from 'node:module'

// Loaded in front of a command: prints what modules it loads, one a line, on stderr.
registerHooks({
  load(url, context, next) {
    process.stderr.write(`${url}\n`)
    return next(url, context)
  },
})
