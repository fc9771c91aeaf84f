/**
 * Log lines to an open descriptor, one write at a time through the thread pool: a reader that is slow, stopped or
 * gone costs lines, never the event loop, and never the end of the process.
 */
import { write as writeTo } from 'node:fs'
import { endOfNextWrite } from './standard-stream.js'

export interface LineOutput {
  write(line: string): void
  /** Resolves when all lines are written or given up, at the latest after a second. */
  flush(): Promise<void>
}

/** Beyond this, lines are dropped until the reader has caught up. */
const MAX_WAITING_CHARACTERS = 8_388_608
const FULL_PIPE_PAUSE_MS = 10
const FLUSH_DEADLINE_MS = 1_000

export function createLineOutput(descriptor: number): LineOutput {
  let waiting: string[] = []
  let characters = 0
  let dropped = 0
  let writing: Promise<void> | undefined

  const writeWaiting = async () => {
    while (waiting.length > 0) {
      const lines = waiting
      waiting = []
      characters = 0
      await writeAll(descriptor, Buffer.from(lines.join('')))
      if (dropped === 0) continue
      waiting.push(`${JSON.stringify({ level: 'warn', event: 'log.dropped', lines: dropped })}\n`)
      dropped = 0
    }
    writing = undefined
  }
  return {
    write(line) {
      if (characters > MAX_WAITING_CHARACTERS) {
        dropped++
        return
      }
      waiting.push(line)
      characters += line.length
      writing ??= Promise.resolve().then(writeWaiting)
    },
    async flush() {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, FLUSH_DEADLINE_MS)
      })
      await Promise.race([writing, late])
      clearTimeout(timer)
    },
  }
}

async function writeAll(descriptor: number, bytes: Buffer): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    const length = endOfNextWrite(bytes, written) - written
    const result = await new Promise<number | NodeJS.ErrnoException>((resolve) => {
      writeTo(descriptor, bytes, written, length, (error, count) => resolve(error ?? count))
    })
    if (typeof result === 'number') written += result
    else if (result.code === 'EAGAIN') await new Promise((resolve) => setTimeout(resolve, FULL_PIPE_PAUSE_MS))
    // The reader has gone or the disk is full: these lines are lost, and there is nobody to tell.
    else return
  }
}
