/** Reads a password: typed twice without echo on a terminal, or whole from a pipe. Never prints it. */
import type { Readable } from 'node:stream'

/** What `process.stdin` is. */
export type PasswordInput = Readable & {
  readonly isTTY?: boolean
  setRawMode?(raw: boolean): unknown
}

const maximumBytes = 4096

/** Everything up to the end of input, without one line end. @returns undefined when it is longer than a password. */
export async function readPiped(input: PasswordInput): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk as Buffer | string)
    size += bytes.length
    if (size > maximumBytes) return undefined
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
}

/** @returns undefined when the person gave up (Ctrl-C, Ctrl-D). */
export function readTyped(
  input: PasswordInput,
  prompt: string,
  show: (text: string) => void,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let typed: string[] = []
    const finish = (answer: string | undefined, rest = '') => {
      input.off('data', onData)
      input.off('end', onEnd)
      input.setRawMode?.(false)
      input.pause()
      // What was pasted after the line end belongs to the next question.
      if (rest !== '') input.unshift(Buffer.from(rest))
      show('\n')
      resolve(answer)
    }
    const onEnd = () => finish(undefined)
    const onData = (chunk: Buffer | string) => {
      const characters = chunk.toString().match(/./gsu) ?? []
      for (const [index, key] of characters.entries()) {
        if (key === '\r' || key === '\n') {
          finish(typed.join(''), characters.slice(index + 1).join(''))
          return
        }
        if (key === '\u0003' || key === '\u0004') {
          finish(undefined)
          return
        }
        if (key === '\u007f' || key === '\b') typed = typed.slice(0, -1)
        else if (key === '\u0015') typed = []
        else if (typed.length < maximumBytes) typed.push(key)
      }
    }
    show(prompt)
    input.setRawMode?.(true)
    input.on('data', onData)
    input.on('end', onEnd)
    input.resume()
  })
}
