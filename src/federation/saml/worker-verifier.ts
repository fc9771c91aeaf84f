/**
 * Verification in worker threads with a deadline, so that no posted document can hold the event loop: a thread that
 * takes too long is ended and replaced, and its message is refused. Signature verification is quadratic in the number of
 * nodes, and everybody may post one.
 */
import { Worker } from 'node:worker_threads'
import { Fault } from '../../fault.js'
import type { VerifiedResponse } from './facts.js'
import { SamlRefusal } from './refusal.js'
import { factsOf } from './verifier.js'
import type { VerificationAnswer, Verifier } from './verifier.js'
import type { VerificationRequest } from './verify-response.js'

export interface WorkerVerifierOptions {
  /** Threads, each about 60 MB. */
  readonly threads?: number
  /** Of one verification. A good message takes about ten milliseconds, on a cold thread of a busy machine half a second. */
  readonly deadlineMs?: number
  /** Of a thread's start, when its parsers are loaded. */
  readonly startDeadlineMs?: number
  /** Messages that may wait for a thread. */
  readonly queueLength?: number
  /** The compiled worker file, when it is not beside this one. */
  readonly entry?: URL
}

interface Job {
  readonly request: VerificationRequest
  resolve(facts: VerifiedResponse): void
  reject(cause: unknown): void
}

interface Thread {
  readonly worker: Worker
  job: Job | undefined
  ready: boolean
  deadline: NodeJS.Timeout
}

/** Threads start with the first message, and keep the process alive only while they verify. */
export function createWorkerVerifier(options: WorkerVerifierOptions = {}): Verifier {
  const {
    threads: size = 1,
    deadlineMs = 2_000,
    startDeadlineMs = 10_000,
    queueLength = 64,
    entry = new URL('./verification-worker.js', import.meta.url),
  } = options
  const threads = new Set<Thread>()
  const queue: Job[] = []
  let closed = false

  const start = (): void => {
    // The library prints what it dislikes; a refusal is not worth a line on our own streams.
    const worker = new Worker(entry, {
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: 128 },
    })
    const thread: Thread = {
      worker,
      job: undefined,
      ready: false,
      deadline: timer(() => stop(thread), startDeadlineMs),
    }
    threads.add(thread)
    worker.on('message', (message: 'ready' | VerificationAnswer) => {
      clearTimeout(thread.deadline)
      const job = thread.job
      thread.job = undefined
      thread.ready = true
      if (message !== 'ready') settle(job, message)
      next()
      if (!thread.job) worker.unref()
    })
    worker.on('error', () => stop(thread))
    worker.on('exit', () => stop(thread))
  }

  const stop = (thread: Thread): void => {
    if (!threads.delete(thread)) return
    clearTimeout(thread.deadline)
    void thread.worker.terminate()
    if (thread.job) {
      const tooLong = new SamlRefusal('saml:size', 'the message takes too long to verify')
      thread.job.reject(closed ? unavailable('saml:verifier-closed') : tooLong)
    } else if (!thread.ready) {
      // Without this a thread that cannot start would be started for ever.
      for (const job of queue.splice(0)) job.reject(unavailable('saml:verifier-start'))
    }
    next()
  }

  const next = (): void => {
    if (closed) return
    for (const thread of threads) {
      if (!thread.ready || thread.job) continue
      const job = queue.shift()
      if (!job) return
      thread.job = job
      thread.deadline = timer(() => stop(thread), deadlineMs)
      thread.worker.ref()
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      thread.worker.postMessage(job.request)
    }
    if (queue.length > 0 && threads.size < size) start()
  }

  return {
    verify: (request) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(unavailable('saml:verifier-closed'))
        if (queue.length >= queueLength) {
          return reject(new Fault('Throttled', 'too many sign-ins at once', { reason: 'saml:queue' }))
        }
        queue.push({ request, resolve, reject })
        next()
      }),
    async close() {
      closed = true
      for (const job of queue.splice(0)) job.reject(unavailable('saml:verifier-closed'))
      const running = [...threads]
      for (const thread of running) stop(thread)
      await Promise.all(running.map((thread) => thread.worker.terminate()))
    },
  }
}

function settle(job: Job | undefined, answer: VerificationAnswer): void {
  try {
    job?.resolve(factsOf(answer))
  } catch (cause) {
    job?.reject(cause)
  }
}

function timer(act: () => void, milliseconds: number): NodeJS.Timeout {
  return setTimeout(act, milliseconds)
}

function unavailable(reason: string): Fault {
  return new Fault('ProviderUnavailable', 'sign-in messages cannot be verified right now', { reason })
}
