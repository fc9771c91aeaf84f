/**
 * Puts lines that arrive together into one write, so that being durable costs a busy server little.
 *
 * Every line has a deadline, and how much may wait is bounded: a sink that is slow, full or gone refuses lines soon
 * and takes them again by itself once it works. One write at a time: what arrives meanwhile becomes the next batch.
 */
import type { Sink } from './sink.js'

export interface GroupCommit {
  /**
   * Resolves when the line is durable (an empty one: when the sink is there and in order); rejects when it was not
   * within the deadline. A rejected line may still be written.
   */
  append(line: string): Promise<void>
  /** As `append`, for a line that nobody waits for: it may stay some milliseconds, so that more go with it. */
  appendSoon(line: string): Promise<void>
  /** Why a line has little chance now: closed, stuck, full, or the last batch was not written. */
  trouble(): unknown
  /** Writes what waits, within the deadline, and closes the sink. */
  close(): Promise<void>
}

export interface GroupCommitDeps {
  readonly limits: { readonly deadlineMs: number; readonly maxWaiting: number }
  /** Told of every batch: that it was written, or, as soon as it is late or failed, why not. */
  readonly report?: (outcome: { readonly lines: boolean; readonly error?: unknown }) => void
}

/** Lines of one write; whoever waits for one of them waits for all. */
interface Batch {
  text: string
  lines: number
  /** Somebody waits for it. */
  urgent: boolean
  readonly written: Promise<void>
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
  readonly deadline: NodeJS.Timeout
}

const BATCH_CHARACTERS = 1_048_576
const SOON_MS = 5
/** A write takes as much of the processor as a request or two, so where lines come in numbers it waits for some. */
const BUSY_LINES = 4
const PACE_MS = 3

export function createGroupCommit(sink: Sink, { limits, report }: GroupCommitDeps): GroupCommit {
  /** In order; the last one takes new lines until it is long enough. */
  const waiting: Batch[] = []
  let waitingLines = 0
  let writing: Promise<void> | undefined
  let immediate: NodeJS.Immediate | undefined
  let soon: NodeJS.Timeout | undefined
  let urgentSoon: NodeJS.Timeout | undefined
  /** A write that has outlived the deadline: nothing behind it has a chance, so nothing waits for it. */
  let stuck = false
  let closed = false
  let failed: unknown
  let last = { lines: 0, startedAt: -Infinity }

  const fail = (batch: Batch, error: unknown): void => {
    failed = error
    batch.reject(error)
    report?.({ lines: batch.text !== '', error })
  }

  const openBatch = (): Batch => {
    let resolve = (): void => undefined
    let reject = (_reason: unknown): void => undefined
    const written = new Promise<void>((done, gone) => {
      resolve = done
      reject = gone
    })
    // Lines that nobody waits for must not become an unhandled rejection.
    written.catch(() => undefined)
    const deadline = setTimeout(() => {
      const place = waiting.indexOf(batch)
      if (place >= 0) {
        waiting.splice(place, 1)
        waitingLines -= batch.lines
      }
      fail(batch, new Error(`not written within ${limits.deadlineMs} ms`))
    }, limits.deadlineMs)
    const batch: Batch = { text: '', lines: 0, urgent: false, written, resolve, reject, deadline }
    return batch
  }

  /** Starts the next write, or has it start when there is company; a write under way sees to it by itself. */
  const schedule = (): void => {
    const [batch] = waiting
    if (batch === undefined || writing !== undefined) return
    const pace = last.lines < BUSY_LINES ? 0 : last.startedAt + PACE_MS - performance.now()
    // Not at once: what else the system has handed to this turn of the event loop goes into the same write.
    if (closed || (batch.urgent && pace <= 0)) immediate ??= setImmediate(start)
    else if (batch.urgent) urgentSoon ??= setTimeout(start, pace)
    else soon ??= setTimeout(start, SOON_MS)
  }

  const start = (): void => {
    clearImmediate(immediate)
    clearTimeout(soon)
    clearTimeout(urgentSoon)
    immediate = soon = urgentSoon = undefined
    if (writing !== undefined) return
    const batch = waiting.shift()
    if (batch === undefined) return
    waitingLines -= batch.lines
    last = { lines: batch.lines, startedAt: performance.now() }
    writing = write(batch)
  }

  const write = async (batch: Batch): Promise<void> => {
    const late = setTimeout(() => {
      stuck = true
    }, limits.deadlineMs)
    let error: unknown
    try {
      await sink.append(batch.text)
    } catch (cause) {
      error = cause ?? new Error('not written')
    }
    clearTimeout(late)
    clearTimeout(batch.deadline)
    stuck = false
    writing = undefined
    // Before anybody is told: the disk works while the answers are written.
    schedule()
    if (error !== undefined) return fail(batch, error)
    if (batch.text !== '') failed = undefined
    batch.resolve()
    report?.({ lines: batch.text !== '' })
  }

  const writeAll = async (): Promise<void> => {
    start()
    if (writing === undefined) return
    await writing
    await writeAll()
  }

  const refusal = (): Error | undefined => {
    if (closed) return new Error('closed')
    if (stuck) return new Error(`a write has taken longer than ${limits.deadlineMs} ms`)
    if (waitingLines >= limits.maxWaiting) return new Error('too many records are waiting')
    return undefined
  }

  const add = (line: string, urgent: boolean): Promise<void> => {
    const refused = refusal()
    if (refused !== undefined) return Promise.reject(refused)
    let batch = waiting.at(-1)
    if (batch === undefined || batch.text.length >= BATCH_CHARACTERS) waiting.push((batch = openBatch()))
    batch.text += line
    batch.lines += 1
    waitingLines += 1
    if (urgent) for (const earlier of waiting) earlier.urgent = true
    if (immediate === undefined && urgentSoon === undefined) schedule()
    return batch.written
  }

  return {
    append: (line) => add(line, true),
    appendSoon: (line) => add(line, false),
    trouble: () => refusal() ?? failed,
    async close() {
      closed = true
      const late = new Promise<void>((resolve) => {
        setTimeout(resolve, limits.deadlineMs).unref()
      })
      await Promise.race([writeAll(), late])
      await sink.close()
    },
  }
}
