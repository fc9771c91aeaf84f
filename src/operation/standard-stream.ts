/** Descriptors for standard output and standard error on which no write ever waits for a reader. */
import { constants, fstatSync, openSync } from 'node:fs'

const descriptors = { stdout: 1, stderr: 2 } as const

/**
 * A write to a full pipe would otherwise hold a thread of the pool, and with it the end of the process, until somebody
 * reads. Opening the pipe again sets this for us alone; the programs we share it with keep theirs. Where that is not
 * possible (a socket, a system without /proc) it is the plain descriptor.
 */
export function openStandardStream(name: keyof typeof descriptors): number {
  const descriptor = descriptors[name]
  try {
    if (!fstatSync(descriptor).isFIFO()) return descriptor
    return openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    return descriptor
  }
}

/** What a pipe takes in one piece, or not at all, beside other writers; on Linux (pipe(7)), and elsewhere not more. */
const PIPE_BYTES = 4_096
const LINE_FEED = 0x0a

/**
 * Where the next write of some lines should end, so that lines of several processes do not get into each other in a
 * pipe: behind as many whole lines as stay together, or behind the first one when that is longer.
 */
export function endOfNextWrite(lines: Buffer, start: number): number {
  if (lines.length - start <= PIPE_BYTES) return lines.length
  const last = lines.subarray(start, start + PIPE_BYTES).lastIndexOf(LINE_FEED)
  if (last >= 0) return start + last + 1
  const first = lines.indexOf(LINE_FEED, start)
  return first < 0 ? lines.length : first + 1
}
