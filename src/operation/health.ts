/**
 * `/healthz`: the process answers. `/readyz`: it can do its work, so send it requests; 503 names what cannot.
 *
 * Both are about the process that has the connection, one of the workers where there are several. Names, and what is
 * the same for everybody: what exactly is wrong stands in the log, not in an answer that anybody
 * can read.
 */
import type { WireResponse, WireRoom } from '../http/wire.js'

export interface HealthDeps {
  /** By name, e.g. `store`. Each rejects when its part does not work, and may say in a word or two how it works. */
  readonly checks: Readonly<Record<string, Check>>
  /** True from the moment the process is told to stop: no new requests, please. */
  readonly draining: () => boolean
  readonly deadlineMs?: number
}

type Check = () => Promise<string | void>

const DEADLINE_MS = 1_000

export function createHealth({ checks, draining, deadlineMs = DEADLINE_MS }: HealthDeps): WireRoom {
  const readiness = async (): Promise<WireResponse> => {
    const names = Object.keys(checks)
    const results = await Promise.allSettled(Object.values(checks).map((check) => inTime(check, deadlineMs)))
    const states = names.map((name, n) => {
      const result = results[n]
      return [name, result?.status === 'fulfilled' ? (result.value ?? 'ok') : 'failed'] as const
    })
    const failed = results.some((result) => result.status === 'rejected')
    const status = draining() ? 'draining' : failed ? 'unavailable' : 'ready'
    return answer(status === 'ready' ? 200 : 503, { status, checks: Object.fromEntries(states) })
  }
  let running: Promise<WireResponse> | undefined
  /** Many questions at once cost the store one. */
  const shared = () => {
    running ??= readiness().finally(() => {
      running = undefined
    })
    return running
  }

  return {
    name: 'health',
    maxBodyBytes: 0,
    accepts: (_method, rawPath) => rawPath === '/healthz' || rawPath === '/readyz',
    async handle({ method, rawPath }) {
      if (method !== 'GET' && method !== 'HEAD') {
        return answer(405, { status: 'method not allowed' }, { allow: 'GET, HEAD' })
      }
      return rawPath === '/healthz' ? answer(200, { status: 'alive' }) : shared()
    },
    tooLarge: () => answer(413, { status: 'body too large' }),
  }
}

function inTime(check: Check, deadlineMs: number): Promise<string | void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('too slow')), deadlineMs)
    Promise.resolve()
      .then(check)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer))
  })
}

function answer(status: number, body: object, headers: Readonly<Record<string, string>> = {}): WireResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
    body: `${JSON.stringify(body)}\n`,
  }
}
