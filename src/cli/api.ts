/** The server's Identity-Center-style interface as the command calls it; every failure becomes a CommandError or a value. */
import { CommandError, exitCodes, type Terminal } from './terminal.js'

export interface ApiFailure {
  /** The shape's name, e.g. `AuthorizationPendingException`. */
  readonly type: string
  readonly message: string
  readonly status: number
}

export type ApiResult =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly failure: ApiFailure }

const requestTimeoutMs = 20_000

export interface Api {
  readonly server: string
  post(path: string, body: unknown, token?: string): Promise<ApiResult>
  get(path: string, query: Readonly<Record<string, string>>, token: string): Promise<ApiResult>
}

export function createApi(terminal: Terminal, server: string): Api {
  async function send(path: string, init: RequestInit, token: string | undefined): Promise<ApiResult> {
    let response: Response
    try {
      response = await terminal.fetch(`${server}${path}`, {
        ...init,
        redirect: 'error',
        signal: AbortSignal.timeout(requestTimeoutMs),
        headers: {
          'user-agent': 'rolegate-cli',
          ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { 'x-amz-sso_bearer_token': token }),
        },
      })
    } catch (cause) {
      throw new CommandError(exitCodes.unreachable, `cannot reach ${server}: ${whyUnreachable(cause)}`)
    }
    const text = await response.text()
    const value = text === '' ? undefined : parse(text, server)
    if (response.ok) return { ok: true, value }
    const body = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
    const message = body['message'] ?? body['error_description']
    const type = response.headers.get('x-amzn-errortype') ?? 'Unknown'
    if (response.status >= 500) {
      const id = response.headers.get('x-amzn-requestid')
      throw new CommandError(
        exitCodes.unreachable,
        `${server} cannot answer now (${type}, request ${id ?? 'unknown'})`,
      )
    }
    return {
      ok: false,
      failure: { type, status: response.status, message: typeof message === 'string' ? message : type },
    }
  }
  return {
    server,
    post: (path, body, token) =>
      send(path, { method: 'POST', ...(body === undefined ? {} : { body: JSON.stringify(body) }) }, token),
    get: (path, query, token) => {
      const search = new URLSearchParams(query).toString()
      return send(search === '' ? path : `${path}?${search}`, { method: 'GET' }, token)
    },
  }
}

/** One line that says what to do about it. */
export function whyUnreachable(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  const code = inner instanceof Error ? ((inner as NodeJS.ErrnoException).code ?? inner.name) : 'unknown'
  switch (code) {
    case 'ECONNREFUSED':
      return 'nothing listens there (is `rolegate serve` running, is --server right?)'
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'the host name is unknown'
    case 'TimeoutError':
      return 'no answer in time'
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return 'its certificate is not trusted (set NODE_EXTRA_CA_CERTS to your certificate authority)'
    case 'CERT_HAS_EXPIRED':
      return 'its certificate has expired'
    default:
      return code
  }
}

function parse(text: string, server: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new CommandError(
      exitCodes.unreachable,
      `${server} did not answer as Rolegate does (is --server right?)`,
    )
  }
}
