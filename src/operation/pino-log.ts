/** The structured log on pino: one JSON line per event. The only importer of pino. */
import { pino } from 'pino'
import { safeFields } from './fields.js'
import { createLineOutput, type LineOutput } from './line-output.js'
import type { Log, LogFields } from './log.js'
import { openStandardStream } from './standard-stream.js'

export interface PinoLog extends Log {
  /** Writes what still waits, before the process ends; takes a second at most and never rejects. */
  flush(): Promise<void>
}

export interface PinoLogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  /** Standard error by default. */
  readonly destination?: LineOutput
}

export function createPinoLog(options: PinoLogOptions): PinoLog {
  // Not pino's own destination: its last flush repeats a failing write for ever.
  const { level, destination = createLineOutput(openStandardStream('stderr')) } = options
  const logger = pino(
    {
      level,
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      base: { pid: process.pid },
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  )
  return {
    debug: (event, fields: LogFields = {}) => logger.debug(safeFields(fields), event),
    info: (event, fields: LogFields = {}) => logger.info(safeFields(fields), event),
    warn: (event, fields: LogFields = {}) => logger.warn(safeFields(fields), event),
    error: (event, fields: LogFields = {}) => logger.error(safeFields(fields), event),
    flush: () => destination.flush(),
  }
}
