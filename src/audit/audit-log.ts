/**
 * The record of every decision, one JSON line each. What could not be recorded was not granted, so this answers soon
 * and definitely: durable, or a Fault.
 *
 * With a file and standard output both configured, one of them that works is enough; the other's failure is logged.
 * Where nothing was written yet, or nothing since a failure, the question whether it works is answered by writing: a
 * server that gets no requests because it is not ready would otherwise never find out that it is again.
 */
import { randomUUID } from 'node:crypto'
import { Fault, type Clock } from '../fault.js'
import type { Log } from '../operation/log.js'
import type { Metrics } from '../operation/metrics.js'
import { openStandardStream } from '../operation/standard-stream.js'
import { auditLine } from './audit-line.js'
import { startLoggingEvent } from './build-event.js'
import type { AuditLog } from './event.js'
import { createGroupCommit, type GroupCommit } from './group-commit.js'
import { createDescriptorSink, createFileSink, type Sink } from './sink.js'

export interface OpenAuditLog extends AuditLog {
  /**
   * Resolves when records can be written. Writes a `StartLogging` record where none was written yet or since a
   * failure, otherwise only makes sure of the file. @throws {Fault} `AuditUnavailable`
   */
  works(): Promise<void>
}

export interface AuditLogDeps {
  /** Absolute path; made when absent, readable by its owner only. */
  readonly file?: string
  /** Standard output too; alone when there is no file. */
  readonly stdout: boolean
  readonly now: Clock
  readonly log: Log
  readonly metrics: Pick<Metrics, 'auditRecord'>
  readonly limits?: { readonly deadlineMs: number; readonly maxWaiting: number }
  /** Descriptor that counts as standard output. */
  readonly descriptor?: number
}

const LIMITS = { deadlineMs: 2_000, maxWaiting: 10_000 }
/** A broken sink fails every record; one line a while is enough. */
const LOG_INTERVAL_MS = 10_000

/** @throws {Fault} `AuditUnavailable` when the file cannot be opened. */
export async function createAuditLog(deps: AuditLogDeps): Promise<OpenAuditLog> {
  const { file, stdout, log, metrics, limits = LIMITS } = deps
  const sinks: Sink[] = []
  if (file !== undefined) sinks.push(await openedFile(file))
  if (stdout || file === undefined) {
    sinks.push(createDescriptorSink('stdout', deps.descriptor ?? openStandardStream('stdout')))
  }
  const writers = sinks.map((sink) => watched(createGroupCommit(sink, limits), sink.name, log, deps.now))
  return {
    async record(event) {
      try {
        const line = auditLine(event)
        const outcomes = await Promise.allSettled(writers.map((writer) => writer.append(line)))
        const failures = outcomes.filter((outcome) => outcome.status === 'rejected')
        if (failures.length === outcomes.length) throw unavailable('write', failures[0]?.reason)
      } catch (error) {
        metrics.auditRecord('failed')
        throw error instanceof Fault ? error : unavailable('line', error)
      }
      metrics.auditRecord('written')
    },
    async works() {
      const line = auditLine(startLoggingEvent(deps.now(), randomUUID()))
      // Not all: a pipe that nobody reads must not hold the answer of a file that works.
      await Promise.any(writers.map((writer) => writer.append(writer.proven() ? '' : line))).catch(
        (cause: unknown) => {
          throw unavailable('write', cause)
        },
      )
    },
    async close() {
      await Promise.all(writers.map((writer) => writer.close()))
    },
  }
}

async function openedFile(path: string): Promise<Sink> {
  try {
    return await createFileSink(path)
  } catch (error) {
    // Read by whoever starts the server, never by a caller.
    throw new Fault('AuditUnavailable', `the audit file \`${path}\` cannot be opened`, {
      reason: 'audit:open',
      cause: error,
    })
  }
}

interface Writer extends GroupCommit {
  /** Whether something was written, and nothing failed since. */
  proven(): boolean
}

/** Says in the log when a sink stops working and when it works again. */
function watched(writer: GroupCommit, sink: string, log: Log, now: Clock): Writer {
  let quietUntil = 0
  let failing = false
  let proven = false
  return {
    ...writer,
    proven: () => proven,
    async append(line) {
      try {
        await writer.append(line)
      } catch (error) {
        failing = true
        proven = false
        if (now().getTime() >= quietUntil) {
          quietUntil = now().getTime() + LOG_INTERVAL_MS
          log.error('audit.unavailable', { sink, cause: error })
        }
        throw error
      }
      if (failing) log.info('audit.recovered', { sink })
      failing = false
      if (line !== '') proven = true
    },
  }
}

function unavailable(reason: string, cause: unknown): Fault {
  return new Fault('AuditUnavailable', 'the audit record cannot be written, so nothing was granted', {
    reason: `audit:${reason}`,
    cause,
  })
}
