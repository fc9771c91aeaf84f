/** The login of this person at one server: tokens and the registration they belong to, kept 0600 and refreshed in time. */
import type { Api } from './api.js'
import { removeCredentialFiles, tokenFile } from './places.js'
import { readPrivateFile, removePrivateFile, setAside, withLock, writePrivateFile } from './private-file.js'
import { CommandError, exitCodes, type Terminal } from './terminal.js'

export interface Login {
  readonly server: string
  /** Made at login, kept through refreshes: what is cached for this login is named after it. */
  readonly id: string
  readonly clientId: string
  readonly clientSecret: string
  readonly accessToken: string
  /** ISO 8601 */
  readonly accessExpiresAt: string
  readonly refreshToken?: string
}

/** A token with less than this left is exchanged first, so that it does not run out on the way. */
const earlySeconds = 60

export async function saveLogin(terminal: Terminal, login: Login): Promise<void> {
  await writePrivateFile(tokenFile(terminal, login.server), `${JSON.stringify(login, null, 2)}\n`)
}

/** With it goes what was cached for it: nobody who logs in later finds the credentials of somebody else. */
export async function forgetLogin(terminal: Terminal, server: string): Promise<void> {
  await removePrivateFile(tokenFile(terminal, server))
  await removeCredentialFiles(terminal, server)
}

/** @returns undefined when there is none; a file that is not a login is set aside. */
export async function readLogin(terminal: Terminal, server: string): Promise<Login | undefined> {
  const path = tokenFile(terminal, server)
  const text = await readPrivateFile(path)
  if (text === undefined) return undefined
  try {
    const value = JSON.parse(text) as Partial<Login>
    if (typeof value.accessToken === 'string' && typeof value.accessExpiresAt === 'string')
      return value as Login
  } catch {
    // Falls through: not JSON is no better than JSON of another shape.
  }
  terminal.err(`the login cache was damaged and has been set aside as ${path}.corrupt`)
  await setAside(path)
  return undefined
}

/**
 * A token that is good for a while, refreshed under a lock so that two commands do not use one refresh token.
 * @throws {CommandError} exit code 3 when the person has to log in.
 */
export async function accessToken(terminal: Terminal, api: Api): Promise<string> {
  const login = await currentLogin(terminal, api.server)
  if (lasts(terminal, login)) return login.accessToken
  return withLock(tokenFile(terminal, api.server), async () => {
    const current = await currentLogin(terminal, api.server)
    if (lasts(terminal, current)) return current.accessToken
    if (current.refreshToken === undefined) throw loginNeeded(api.server, 'your login has expired')
    const answer = await api.post('/token', {
      clientId: current.clientId,
      clientSecret: current.clientSecret,
      grantType: 'refresh_token',
      refreshToken: current.refreshToken,
    })
    if (!answer.ok) throw loginNeeded(api.server, 'your login has expired')
    const renewed = loginFrom(terminal, api.server, current, answer.value)
    await saveLogin(terminal, renewed)
    return renewed.accessToken
  })
}

/** @throws {CommandError} exit code 3 when there is none. */
export async function currentLogin(terminal: Terminal, server: string): Promise<Login> {
  const login = await readLogin(terminal, server)
  if (login === undefined) throw loginNeeded(server, 'you are not logged in')
  return login
}

/** The cache entry that CreateToken's answer makes. */
export function loginFrom(
  terminal: Terminal,
  server: string,
  client: Pick<Login, 'id' | 'clientId' | 'clientSecret'>,
  answer: unknown,
): Login {
  const token = answer as { accessToken: string; expiresIn: number; refreshToken?: string }
  return {
    server,
    id: client.id,
    clientId: client.clientId,
    clientSecret: client.clientSecret,
    accessToken: token.accessToken,
    accessExpiresAt: new Date(terminal.now().getTime() + token.expiresIn * 1000).toISOString(),
    ...(token.refreshToken === undefined ? {} : { refreshToken: token.refreshToken }),
  }
}

export function loginNeeded(server: string, why: string): CommandError {
  return new CommandError(
    exitCodes.loginNeeded,
    `${why} at ${server}: run \`rolegate login --server ${server}\``,
  )
}

function lasts(terminal: Terminal, login: Login): boolean {
  return Date.parse(login.accessExpiresAt) - terminal.now().getTime() > earlySeconds * 1000
}
