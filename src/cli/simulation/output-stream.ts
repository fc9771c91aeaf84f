/** A process's output that takes no more than whoever reads it: waits for room, and notices when the reader is gone. */
import type { Writable } from 'node:stream'
import type { TextSink } from './simulate-cases.js'

export function createSink(stream: Writable): TextSink & { readonly close: () => void } {
  let gone = false
  let failure: Error | undefined
  let wake: (() => void) | undefined
  const onDrain = (): void => wake?.()
  const onError = (error: NodeJS.ErrnoException): void => {
    gone = true
    // `| head` has seen enough; that is no failure.
    if (error.code !== 'EPIPE') failure = error
    wake?.()
  }
  const onClose = (): void => {
    gone = true
    wake?.()
  }
  stream.on('drain', onDrain).on('error', onError).on('close', onClose)
  return {
    async write(text) {
      if (!gone && !stream.write(text)) {
        await new Promise<void>((resolve) => (wake = resolve))
        wake = undefined
      }
      if (failure !== undefined) throw failure
      return !gone
    },
    close() {
      stream.off('drain', onDrain).off('close', onClose)
    },
  }
}
