/** A descriptor for standard output on which no write ever waits for a reader. */
import { constants, fstatSync, openSync } from 'node:fs'

const STANDARD_OUTPUT = 1

/**
 * A write to a full pipe would otherwise hold a thread of the pool, and with it the end of the process, until somebody
 * reads. Opening the pipe again sets this for us alone; the programs we share it with keep theirs. Where that is not
 * possible (a socket, a system without /proc) it is plain standard output.
 */
export function openStandardOutput(): number {
  try {
    if (!fstatSync(STANDARD_OUTPUT).isFIFO()) return STANDARD_OUTPUT
    return openSync(`/proc/self/fd/${STANDARD_OUTPUT}`, constants.O_WRONLY | constants.O_NONBLOCK)
  } catch {
    return STANDARD_OUTPUT
  }
}
