/**
 * `/healthz`: the process answers. `/readyz`: it can do its work, so send it requests; 503 names what cannot.
 * `/readyz?strict`: and nothing is lost that it goes on without.
 *
 * Both are about the process that has the connection, one of the workers where there are several. Names, and what is
 * the same for everybody: what exactly is wrong stands in the log, not in an answer that anybody
 * can read.
 */
import type { WireResponse, WireRoom } from '../http/wire.js'

export interface HealthDeps {
  /** By name, e.g. `store`. */
  readonly checks: Readonly<Record<string, Check | DispensablePart>>
  /** True from the moment the process is told to stop: no new requests, please. */
  readonly draining: () => boolean
  readonly deadlineMs?: number
}

/** Rejects when the part does not work, and may say in a word or two how it works; `lost` counts for `?strict`. */
type Check = () => Promise<string | void>

interface DispensablePart {
  readonly check: Check
  /** Asked when the check fails: whether requests are served all the same. Then the part is `lost`. */
  readonly isDispensable: () => boolean
}

const DEADLINE_MS = 1_000
const lost = 'lost'

export function createHealth({ checks, draining, deadlineMs = DEADLINE_MS }: HealthDeps): WireRoom {
  /** In the checks' order: `ok`, a word of the part's own, `lost` or `failed`. */
  const states = async (): Promise<Readonly<Record<string, string>>> => {
    const entries = Object.entries(checks).map(async ([name, part]) => {
      const { check, isDispensable } = typeof part === 'function' ? always(part) : part
      const state = await inTime(check, deadlineMs).then(
        (word) => word ?? 'ok',
        () => (isDispensable() ? lost : 'failed'),
      )
      return [name, state] as const
    })
    return Object.fromEntries(await Promise.all(entries))
  }
  let running: ReturnType<typeof states> | undefined
  /** Many questions at once cost the store one. */
  const shared = () => {
    running ??= states().finally(() => {
      running = undefined
    })
    return running
  }
  const statusOf = (words: readonly string[], isStrict: boolean): string => {
    if (draining()) return 'draining'
    if (words.includes('failed')) return 'unavailable'
    return isStrict && words.includes(lost) ? 'incomplete' : 'ready'
  }
  const readiness = async (isStrict: boolean): Promise<WireResponse> => {
    const found = await shared()
    const status = statusOf(Object.values(found), isStrict)
    return answer(status === 'ready' ? 200 : 503, { status, checks: found })
  }

  return {
    name: 'health',
    maxBodyBytes: 0,
    accepts: (_method, rawPath) => rawPath === '/healthz' || rawPath === '/readyz',
    async handle({ method, rawPath, rawQuery }) {
      if (method !== 'GET' && method !== 'HEAD') {
        return answer(405, { status: 'method not allowed' }, { allow: 'GET, HEAD' })
      }
      if (rawPath === '/healthz') return answer(200, { status: 'alive' })
      return readiness(new URLSearchParams(rawQuery).has('strict'))
    },
    tooLarge: () => answer(413, { status: 'body too large' }),
  }
}

function always(check: Check): DispensablePart {
  return { check, isDispensable: () => false }
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
