/**
 * The record of every decision, one JSON line each. What could not be recorded was not granted, so this answers soon
 * and definitely: durable, or a Fault. Where nothing was granted a note is enough, which is written milliseconds later
 * and refused only once it is known that records cannot be kept.
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
import type { AuditEvent, AuditLog } from './event.js'
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
  /** How long a file that was moved away may go unnoticed. */
  readonly lookEveryMs?: number
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
  if (file !== undefined) sinks.push(await openedFile(file, deps.lookEveryMs))
  if (stdout || file === undefined) {
    sinks.push(createDescriptorSink('stdout', deps.descriptor ?? openStandardStream('stdout')))
  }
  const writers = sinks.map((sink) => watched(sink, limits, log, deps.now))
  const written = (): void => metrics.auditRecord('written')
  const failed = (): void => metrics.auditRecord('failed')
  const lineOf = (event: AuditEvent): string => {
    try {
      return auditLine(event)
    } catch (error) {
      failed()
      throw unavailable('line', error)
    }
  }

  return {
    async record(event) {
      const line = lineOf(event)
      try {
        await anyOf(writers.map((writer) => writer.append(line)))
      } catch (error) {
        failed()
        throw unavailable('write', error)
      }
      written()
    },
    note(event) {
      const line = lineOf(event)
      // Asked before: the line itself may be the one with which the queue is full.
      const troubles = writers.map((writer) => writer.trouble())
      void anyOf(writers.map((writer) => writer.appendSoon(line))).then(written, failed)
      if (troubles.every((trouble) => trouble !== undefined)) throw unavailable('write', troubles[0])
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

async function openedFile(path: string, lookEveryMs: number | undefined): Promise<Sink> {
  try {
    return await createFileSink(path, lookEveryMs === undefined ? {} : { lookEveryMs })
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
function watched(sink: Sink, limits: NonNullable<AuditLogDeps['limits']>, log: Log, now: Clock): Writer {
  let quietUntil = 0
  let failing = false
  let proven = false
  const writer = createGroupCommit(sink, {
    limits,
    report({ lines, error }) {
      if (error === undefined) {
        if (failing) log.info('audit.recovered', { sink: sink.name })
        failing = false
        proven ||= lines
        return
      }
      failing = true
      proven = false
      if (now().getTime() < quietUntil) return
      quietUntil = now().getTime() + LOG_INTERVAL_MS
      log.error('audit.unavailable', { sink: sink.name, cause: error })
    },
  })
  return { ...writer, proven: () => proven }
}

/** Resolves when every sink has answered and one of them has the line: which one is durable is not known before. */
async function anyOf(appended: readonly Promise<void>[]): Promise<void> {
  const [only] = appended
  if (appended.length === 1) return only
  const outcomes = await Promise.allSettled(appended)
  const failures = outcomes.filter((outcome) => outcome.status === 'rejected')
  if (failures.length === outcomes.length) throw failures[0]?.reason
}

function unavailable(reason: string, cause: unknown): Fault {
  return new Fault('AuditUnavailable', 'the audit record cannot be written, so nothing was granted', {
    reason: `audit:${reason}`,
    cause,
  })
}
