/** Role credentials from the server, and a 0600 cache of them for `credential-process`. */
import type { Api } from './api.js'
import type { ExportedCredentials } from './export-format.js'
import { accessToken, currentLogin, loginNeeded } from './login-cache.js'
import { credentialFile } from './places.js'
import { readPrivateFile, setAside, writePrivateFile } from './private-file.js'
import { CommandError, exitCodes, type Terminal } from './terminal.js'

export interface RoleRequest {
  readonly account: string
  readonly role: string
  readonly durationSeconds: number | undefined
}

/** SDKs begin to refresh at 15 minutes; handing out less would make them ask in a loop. */
const freshSeconds = 15 * 60

/** @throws {CommandError} exit code 3 without a login, 4 when the role is refused or unknown. */
export async function fetchCredentials(
  terminal: Terminal,
  api: Api,
  request: RoleRequest,
): Promise<ExportedCredentials> {
  const token = await accessToken(terminal, api)
  const answer = await api.get(
    '/federation/credentials',
    {
      account_id: request.account,
      role_name: request.role,
      ...(request.durationSeconds === undefined ? {} : { duration_seconds: String(request.durationSeconds) }),
    },
    token,
  )
  if (!answer.ok) {
    if (answer.failure.status === 401) throw loginNeeded(api.server, 'your login has ended')
    if (answer.failure.status === 403) {
      throw new CommandError(
        exitCodes.denied,
        `no access to role \`${request.role}\` in account ${request.account} (it may not exist); \`rolegate roles\` lists yours`,
      )
    }
    throw new CommandError(exitCodes.failed, answer.failure.message)
  }
  const { roleCredentials: keys } = answer.value as {
    roleCredentials: {
      accessKeyId: string
      secretAccessKey: string
      sessionToken: string
      expiration: number
    }
  }
  return {
    accessKeyId: keys.accessKeyId,
    secretAccessKey: keys.secretAccessKey,
    sessionToken: keys.sessionToken,
    expiration: `${new Date(keys.expiration).toISOString().slice(0, 19)}Z`,
    accountId: request.account,
  }
}

/** From the cache while they last, else from the server. */
export async function cachedCredentials(
  terminal: Terminal,
  api: Api,
  request: RoleRequest,
): Promise<ExportedCredentials> {
  const { id } = await currentLogin(terminal, api.server)
  const path = credentialFile(
    terminal,
    api.server,
    `${id} ${request.account} ${request.role} ${request.durationSeconds}`,
  )
  const cached = await readCached(path)
  if (
    cached !== undefined &&
    Date.parse(cached.expiration) - terminal.now().getTime() > freshSeconds * 1000
  ) {
    return cached
  }
  const fetched = await fetchCredentials(terminal, api, request)
  await writePrivateFile(path, JSON.stringify(fetched))
  return fetched
}

async function readCached(path: string): Promise<ExportedCredentials | undefined> {
  const text = await readPrivateFile(path)
  if (text === undefined) return undefined
  try {
    const value = JSON.parse(text) as Partial<ExportedCredentials>
    if (typeof value.expiration === 'string' && typeof value.secretAccessKey === 'string') {
      return value as ExportedCredentials
    }
  } catch {
    // Falls through: a damaged cache is set aside.
  }
  await setAside(path)
  return undefined
}
