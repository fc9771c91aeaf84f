/** Logs for what is opened before it is known where, and how much, is logged. */
import type { Log } from '../operation/log.js'

/** To whatever log is in force. */
export function forwarding(log: () => Log): Log {
  return {
    debug: (event, fields) => log().debug(event, fields),
    info: (event, fields) => log().info(event, fields),
    warn: (event, fields) => log().warn(event, fields),
    error: (event, fields) => log().error(event, fields),
  }
}

export const quietLog: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
}
