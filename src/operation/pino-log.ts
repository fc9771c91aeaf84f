/** The structured log on pino: one JSON line per event. The only importer of pino. */
import { pino, type DestinationStream } from 'pino'
import { safeFields } from './fields.js'
import type { Log, LogFields } from './log.js'

export interface PinoLog extends Log {
  /** Writes what is still buffered, before the process ends. Never throws. */
  flush(): void
}

export interface PinoLogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** Standard output by default. */
  readonly destination?: DestinationStream
}

const STANDARD_OUTPUT = 1

export function createPinoLog({ level, destination }: PinoLogOptions): PinoLog {
  // Asynchronous, so that a reader of standard output that is slow does not stop the event loop.
  const output = destination ?? pino.destination({ dest: STANDARD_OUTPUT, sync: false })
  const logger = pino(
    {
      level,
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      base: { pid: process.pid },
      formatters: { level: (label) => ({ level: label }) },
    },
    output,
  )
  return {
    debug: (event, fields: LogFields = {}) => logger.debug(safeFields(fields), event),
    info: (event, fields: LogFields = {}) => logger.info(safeFields(fields), event),
    warn: (event, fields: LogFields = {}) => logger.warn(safeFields(fields), event),
    error: (event, fields: LogFields = {}) => logger.error(safeFields(fields), event),
    flush() {
      try {
        if ('flushSync' in output && typeof output.flushSync === 'function') output.flushSync()
      } catch {
        // The reader of standard output has gone; there is nobody to tell.
      }
    },
  }
}
