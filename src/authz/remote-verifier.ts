/** Decides by asking Rolegate, `POST /v1/authorize`, signed with the resource server's own credentials. */
import type { Clock } from '../fault.js'
import { signRequest, type SigningCredentials } from '../signature/sign.js'
import { ownService } from './signed-call.js'
import { CannotDecide, VerifierRefused, type AuthorizeAnswer, type Verifier } from './verifier.js'

export interface RemoteVerifierOptions {
  /** Where Rolegate is, e.g. `https://rolegate.example.com`. */
  readonly endpoint: string
  /** The resource server's own, or how to get them: asked for each call, so it should remember them. */
  readonly credentials: SigningCredentials | (() => Promise<SigningCredentials>)
  /** Any name of a region; `us-east-1` by default. */
  readonly region?: string
  /** 5,000 by default. */
  readonly timeoutMs?: number
  readonly fetch?: typeof globalThis.fetch
  readonly now?: Clock
}

/** @throws {TypeError} for an endpoint that is no http or https URL. */
export function createRemoteVerifier(options: RemoteVerifierOptions): Verifier {
  const { credentials, region = 'us-east-1', timeoutMs = 5_000, fetch = globalThis.fetch } = options
  const now = options.now ?? (() => new Date())
  const url = new URL('/v1/authorize', options.endpoint)
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new TypeError('the endpoint must be an http or https URL')

  async function ask(body: string): Promise<{ readonly status: number; readonly answer: unknown }> {
    const current = typeof credentials === 'function' ? await credentials() : credentials
    const asked = { method: 'POST', url, headers: { 'content-type': 'application/json' }, body }
    const { host: _, ...headers } = signRequest(asked, current, { region, service: ownService }, now())
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    return { status: response.status, answer: await response.json() }
  }

  return {
    async check(question) {
      const { status, answer } = await ask(JSON.stringify(question)).catch((cause: unknown) => {
        throw new CannotDecide('Rolegate cannot be asked', { cause })
      })
      if (status === 200 && isAnswer(answer)) return answer
      const { code, message } = isError(answer) ? answer : { code: 'Unknown', message: `status ${status}` }
      if (status >= 500 || status === 200) throw new CannotDecide(`Rolegate cannot answer: ${message}`)
      throw new VerifierRefused(code, `Rolegate refuses to answer this server: ${message}`)
    },
    close: () => Promise.resolve(),
  }
}

const outcomes = ['allowed', 'explicitDeny', 'implicitDeny']

/** As far as a decision rests on it; what else it holds is for showing. */
function isAnswer(value: unknown): value is AuthorizeAnswer {
  if (typeof value !== 'object' || value === null || !('authenticated' in value)) return false
  if (value.authenticated === false) return isError(value)
  return (
    value.authenticated === true &&
    'identity' in value &&
    typeof value.identity === 'object' &&
    'decision' in value &&
    outcomes.includes(String(value.decision))
  )
}

function isError(value: unknown): value is { readonly code: string; readonly message: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'code' in value &&
    typeof value.code === 'string' &&
    'message' in value &&
    typeof value.message === 'string'
  )
}
