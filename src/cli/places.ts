/** Where the command keeps things (XDG Base Directory) and which server it talks to. */
import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readPrivateFile, removePrivateFile, writePrivateFile } from './private-file.js'
import { CommandError, exitCodes, type Terminal } from './terminal.js'

const defaultServer = 'http://127.0.0.1:8080'

/** `--server`, then `ROLEGATE_SERVER`, then the last login's server, then the demo's address. Without a trailing slash. */
export async function serverUrl(terminal: Terminal, option: string | undefined): Promise<string> {
  return namedServerUrl(terminal, option) ?? serverAddress((await readSavedServer(terminal)) ?? defaultServer)
}

/** `--server`, then `ROLEGATE_SERVER`. @returns undefined when neither is given. */
export function namedServerUrl(
  { environment }: Pick<Terminal, 'environment'>,
  option: string | undefined,
): string | undefined {
  const chosen = option ?? environment['ROLEGATE_SERVER']
  return chosen === undefined ? undefined : serverAddress(chosen)
}

function serverAddress(chosen: string): string {
  if (!URL.canParse(chosen) || !/^https?:$/.test(new URL(chosen).protocol)) {
    throw new CommandError(
      exitCodes.usage,
      `\`${chosen}\` is not the address of a server: write https://host[:port]`,
    )
  }
  const url = new URL(chosen)
  if (url.protocol === 'http:' && !/^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname)) {
    throw new CommandError(
      exitCodes.usage,
      `\`${chosen}\` is not encrypted: only this machine may be reached by http`,
    )
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

export async function saveServer(terminal: Terminal, server: string): Promise<void> {
  await writePrivateFile(settingsFile(terminal), `${JSON.stringify({ server }, null, 2)}\n`)
}

/** One file per server, so that logins at several servers live side by side. */
export function tokenFile(terminal: Terminal, server: string): string {
  return join(cacheFolder(terminal), `login-${shortHash(server)}.json`)
}

/** Named after the server, and after the login and role that the credentials belong to. */
export function credentialFile(terminal: Terminal, server: string, what: string): string {
  return join(cacheFolder(terminal), `${credentialPrefix(server)}${shortHash(what)}.json`)
}

export async function removeCredentialFiles(terminal: Terminal, server: string): Promise<void> {
  const folder = cacheFolder(terminal)
  const names = await readdir(folder).catch(() => [])
  const ours = names.filter((name) => name.startsWith(credentialPrefix(server)))
  await Promise.all(ours.map((name) => removePrivateFile(join(folder, name))))
}

function credentialPrefix(server: string): string {
  return `credentials-${shortHash(server)}-`
}

function cacheFolder({ environment, home }: Terminal): string {
  return join(environment['XDG_CACHE_HOME'] || join(home, '.cache'), 'rolegate')
}

function settingsFile({ environment, home }: Terminal): string {
  return join(environment['XDG_CONFIG_HOME'] || join(home, '.config'), 'rolegate', 'settings.json')
}

async function readSavedServer(terminal: Terminal): Promise<string | undefined> {
  const text = await readPrivateFile(settingsFile(terminal))
  if (text === undefined) return undefined
  try {
    const { server } = JSON.parse(text) as { server?: unknown }
    return typeof server === 'string' ? server : undefined
  } catch {
    return undefined
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 20)
}
