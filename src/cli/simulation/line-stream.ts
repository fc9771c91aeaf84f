/** Bytes → lines, in memory that does not grow with the input: a line that is too long is skipped, not kept. */
import { isUtf8 } from 'node:buffer'

export type Line =
  | { readonly text: string }
  /** Completes `the line … `. */
  | { readonly code: 'LINE_TOO_LONG' | 'INVALID_ENCODING'; readonly reason: string }

/** A case with all its policies at the sizes that are allowed fits in. */
const maxLineBytes = 8 * 1024 * 1024

/** The complete lines of each chunk, as soon as it is there; the last one needs no line end. Empty lines are left out. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number = maxLineBytes,
): AsyncGenerator<readonly Line[], void, undefined> {
  let begun: Buffer[] = []
  let bytes = 0
  let atStart = true

  const finished = (end: Buffer): readonly Line[] => {
    const line = lineOf(begun, bytes, end, maxBytes, atStart)
    begun = []
    bytes = 0
    atStart = false
    return line === undefined ? [] : [line]
  }

  for await (const chunk of chunks) {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const lines: Line[] = []
    let from = 0
    for (let at = buffer.indexOf(lineFeed); at >= 0; at = buffer.indexOf(lineFeed, from)) {
      lines.push(...finished(buffer.subarray(from, at)))
      from = at + 1
    }
    if (from < buffer.length) {
      const rest = buffer.subarray(from)
      bytes += rest.length
      if (bytes > maxBytes) begun = []
      // The stream may use the chunk's memory again.
      else begun.push(Buffer.from(rest))
    }
    if (lines.length > 0) yield lines
  }
  const last = finished(Buffer.alloc(0))
  if (last.length > 0) yield last
}

const lineFeed = 0x0a

function lineOf(
  begun: readonly Buffer[],
  begunBytes: number,
  end: Buffer,
  maxBytes: number,
  first: boolean,
): Line | undefined {
  if (begunBytes + end.length > maxBytes) {
    return { code: 'LINE_TOO_LONG', reason: `has more than ${maxBytes} bytes` }
  }
  const bytes = begun.length === 0 ? end : Buffer.concat([...begun, end])
  if (!isUtf8(bytes)) return { code: 'INVALID_ENCODING', reason: 'is not UTF-8 text' }
  const text = bytes.toString('utf8')
  const line = first && text.startsWith('\uFEFF') ? text.slice(1) : text
  return line.trim() === '' ? undefined : { text: line }
}
