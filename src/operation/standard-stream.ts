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
