/** The signed call of `rolegate revoke`: whose credentials sign, and what the server's answer means for the command. */
import type { ShownRevocation } from '../authz/revocation-view.js'
import { signRequest, type SigningCredentials } from '../signature/sign.js'
import { createApi, whyUnreachable } from './api.js'
import { regionVariables } from './export-format.js'
import { serverUrl } from './places.js'
import type { RevocationBody } from './revoke-command.js'
import { fetchCredentials } from './role-credentials.js'
import { CommandError, exitCodes, type ExitCode, type Terminal } from './terminal.js'

interface CallOptions {
  readonly server?: string
  /** Of the role that signs. */
  readonly account?: string
  readonly role?: string
}

const path = '/v1/revocations'
const timeoutMs = 20_000
/** The shortest there is: the credentials are for one call. */
const signerSeconds = 900

export async function revokeAtServer(
  terminal: Terminal,
  options: CallOptions,
  body: RevocationBody,
): Promise<ShownRevocation> {
  const answer = await call(terminal, options, 'POST', JSON.stringify(body))
  return (answer as { readonly revocation: ShownRevocation }).revocation
}

export async function listAtServer(
  terminal: Terminal,
  options: CallOptions,
): Promise<readonly ShownRevocation[]> {
  const answer = await call(terminal, options, 'GET')
  return (answer as { readonly revocations: readonly ShownRevocation[] }).revocations
}

async function call(
  terminal: Terminal,
  options: CallOptions,
  method: string,
  body?: string,
): Promise<unknown> {
  const server = await serverUrl(terminal, options.server)
  const credentials = await signer(terminal, options, server)
  const url = new URL(`${server}${path}`)
  const region = regionVariables.map((name) => terminal.environment[name]).find(Boolean) ?? 'us-east-1'
  const headers = body === undefined ? {} : { 'content-type': 'application/json' }
  const signed = signRequest(
    { method, url, headers, ...(body === undefined ? {} : { body }) },
    credentials,
    { region, service: 'rolegate' },
    terminal.now(),
  )
  const { host: _derived, ...sent } = signed
  let response: Response
  try {
    response = await terminal.fetch(url, {
      method,
      headers: { 'user-agent': 'rolegate-cli', ...sent },
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body }),
    })
  } catch (cause) {
    throw new CommandError(exitCodes.unreachable, `cannot reach ${server}: ${whyUnreachable(cause)}`)
  }
  const answer = parse(await response.text())
  if (response.ok && answer !== undefined) return answer
  const id = response.headers.get('x-amzn-requestid') ?? 'unknown'
  const message = typeof answer?.['message'] === 'string' ? answer['message'] : `HTTP ${response.status}`
  throw new CommandError(exitCodeOf(response.status), `${message} (request ${id})`)
}

async function signer(
  terminal: Terminal,
  { account, role }: CallOptions,
  server: string,
): Promise<SigningCredentials> {
  if (role !== undefined) {
    if (account === undefined)
      throw new CommandError(exitCodes.usage, 'say with --account whose role `--role` is')
    return fetchCredentials(terminal, createApi(terminal, server), {
      account,
      role,
      durationSeconds: signerSeconds,
    })
  }
  const { environment } = terminal
  const accessKeyId = environment['AWS_ACCESS_KEY_ID']
  const secretAccessKey = environment['AWS_SECRET_ACCESS_KEY']
  const sessionToken = environment['AWS_SESSION_TOKEN']
  if (!accessKeyId || !secretAccessKey)
    throw new CommandError(
      exitCodes.usage,
      'nothing to sign with: give --account and --role, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or work with --local on the server’s machine',
    )
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
}

function exitCodeOf(status: number): ExitCode {
  if (status === 401 || status === 403) return exitCodes.denied
  if (status === 400) return exitCodes.usage
  return status >= 500 ? exitCodes.unreachable : exitCodes.failed
}

function parse(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null
      ? (value as Readonly<Record<string, unknown>>)
      : undefined
  } catch {
    return undefined
  }
}
