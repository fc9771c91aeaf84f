/**
 * `rolegate.yaml` → `ServerConfig`: references resolved, addresses taken apart, and what must not be served to a
 * network refused. Rule: beyond loopback there is TLS here or at a proxy, unless `insecureHttp` says otherwise.
 */
import { isIP } from 'node:net'
import { availableParallelism } from 'node:os'
import { isAbsolute, join } from 'node:path'
import type * as z from 'zod'
import type { ServerConfig } from './config.js'
import { given } from './given.js'
import { isLoopback } from './loopback.js'
import { declaredAccount, type AccountNames } from './organization.js'
import { keyPair } from './pem-files.js'
import { within, type Place } from './place.js'
import { generatedKeyPair } from './generated-keys.js'
import type { Reading } from './reading.js'
import { serverFile } from './schema/server.js'
import { readFitting } from './schema/problems.js'
import { readServices } from './services.js'
import { storeSettings } from './store-settings.js'
import { hostAndPort, originOf, requestHost, type HostAndPort } from './web-address.js'

type Written = z.output<typeof serverFile>

export interface Overrides {
  readonly listen?: string
  readonly publicUrl?: string
}

/** @returns undefined when something was reported. */
export async function readServer(
  value: unknown,
  place: Place,
  { overrides, accounts }: { readonly overrides: Overrides; readonly accounts: AccountNames },
  reading: Reading,
): Promise<ServerConfig | undefined> {
  const written = readFitting(serverFile, value, place, reading.findings)
  if (written === undefined) return undefined
  const before = reading.findings.problemCount()

  const listen = listenAddress(written, place, overrides, reading)
  const tls = await tlsOf(written, within(place, 'server', 'tls'), reading)
  const publicUrl = publicUrlOf(written, within(place, 'server', 'publicUrl'), listen, overrides, reading)
  const publicHosts = hostsOf(written, within(place, 'server', 'publicHosts'), reading)
  for (const [i, block] of written.server.trustedProxies.entries()) {
    const wrong = wrongBlock(block)
    if (wrong !== undefined) reading.findings.problem(within(place, 'server', 'trustedProxies', i), wrong)
  }
  weighNetwork(written, within(place, 'server'), listen, publicUrl, reading)

  const store = await storeSettings(written.store, within(place, 'store'), reading)
  const keyRing = written.keyRing && (await reading.secret(written.keyRing, within(place, 'keyRing')))
  if (keyRing !== undefined && !isKeyRing(keyRing)) {
    reading.findings.problem(
      within(place, 'keyRing'),
      'must be 32 bytes in base64, several of them separated by commas, or the text of a ring file',
    )
  }
  const metrics =
    written.metrics && listenAt(written.metrics.listen, within(place, 'metrics', 'listen'), reading)
  const services = await readServices(written.services, within(place, 'services'), accounts, reading)
  const tokenAccounts = accountsOf(
    written.webIdentityTokens.accounts,
    within(place, 'webIdentityTokens', 'accounts'),
    accounts,
    reading,
  )
  const audit = within(place, 'audit')
  const isGivenWrongly = ['file', 'stdout'].some((name) => reading.findings.spoiled(within(audit, name)))
  if (written.audit.file === null && !written.audit.stdout && !isGivenWrongly) {
    reading.findings.problem(audit, 'records must go somewhere: give `file`, or set `stdout: true`')
  }

  if (reading.findings.problemCount() > before || !listen || !publicUrl || !store) return undefined
  return {
    publicUrl,
    listen,
    trustedProxies: written.server.trustedProxies,
    publicHosts: [...new Set([new URL(publicUrl).host, ...publicHosts])],
    workers:
      written.server.workers === 'auto' ? Math.min(availableParallelism(), 64) : written.server.workers,
    store,
    sessions: { signInSeconds: written.sessions.signIn, cliSeconds: written.sessions.cli },
    sts: {
      maxSessionSeconds: written.sts.maxSessionDuration,
      chainedMaxSessionSeconds: written.sts.roleChaining.maxSessionDuration,
      clockSkewSeconds: written.sts.clockSkew,
      replayProtection: written.sts.replayProtection,
      maxChainLength: written.sts.maxChainLength,
    },
    revocation: { strict: written.revocation.strict, lostAfterSeconds: written.revocation.lostAfter },
    webIdentityTokens: {
      enabled: written.webIdentityTokens.enabled,
      ...given({ accounts: tokenAccounts }),
    },
    services,
    throttle: { attempts: written.throttle.attempts, windowSeconds: written.throttle.window },
    audit: {
      stdout: written.audit.stdout,
      ...given({
        file:
          written.audit.file === null ? undefined : inDirectory(reading.dataDirectory, written.audit.file),
      }),
    },
    log: written.log,
    shutdownSeconds: written.server.shutdownTimeout,
    branding: written.branding,
    ...given({ tls, keyRing, metrics }),
  }
}

export const inDirectory = (directory: string, path: string): string =>
  isAbsolute(path) ? path : join(directory, path)

function listenAddress(written: Written, place: Place, { listen }: Overrides, reading: Reading) {
  if (listen === undefined) return listenAt(written.server.listen, within(place, 'server', 'listen'), reading)
  const parsed = hostAndPort(listen)
  if (parsed === undefined) {
    reading.findings.add({ file: '--listen', path: '', message: `\`${listen}\` is not \`host:port\`` })
  }
  return parsed
}

function listenAt(written: string, place: Place, reading: Reading) {
  const address = reading.address(written, place)
  const parsed = address === undefined ? undefined : hostAndPort(address)
  if (address !== undefined && parsed === undefined) {
    reading.findings.problem(place, 'must be `host:port`, e.g. `127.0.0.1:8080` or `[::1]:8080`')
  }
  return parsed
}

function publicUrlOf(
  { server }: Written,
  place: Place,
  listen: HostAndPort | undefined,
  overrides: Overrides,
  reading: Reading,
): string | undefined {
  const wording = 'must be `http://` or `https://` and a host, with no path'
  if (overrides.publicUrl !== undefined) {
    const url = originOf(overrides.publicUrl)
    if (url === undefined) reading.findings.add({ file: '--public-url', path: '', message: wording })
    return url
  }
  if (server.publicUrl !== undefined) {
    const address = reading.address(server.publicUrl, place)
    const url = address === undefined ? undefined : originOf(address)
    if (address !== undefined && url === undefined) reading.findings.problem(place, wording)
    return url
  }
  if (listen === undefined) return undefined
  if (/^(?:0\.0\.0\.0|::)$/.test(listen.host) || listen.port === 0) {
    reading.findings.problem(
      place,
      'is missing: it cannot be made of `listen` when that is every address, or port 0',
    )
    return undefined
  }
  const host = listen.host.includes(':') ? `[${listen.host}]` : listen.host
  return originOf(`${server.tls === undefined ? 'http' : 'https'}://${host}:${listen.port}`)
}

function hostsOf({ server }: Written, place: Place, reading: Reading): readonly string[] {
  return server.publicHosts.flatMap((written, i) => {
    const host = reading.address(written, within(place, i))
    if (host === undefined) return []
    const name = requestHost(host)
    if (name !== undefined) return [name]
    reading.findings.problem(
      within(place, i),
      'must be a host name, with `:port` when it is not the scheme’s own',
    )
    return []
  })
}

/** Ids, each once. */
function accountsOf(
  written: readonly string[] | undefined,
  place: Place,
  accounts: AccountNames,
  { findings }: Reading,
): readonly string[] | undefined {
  const ids = written?.flatMap((name, i) => {
    const at = within(place, i)
    return findings.spoiled(at) ? [] : (declaredAccount(name, at, accounts, findings) ?? [])
  })
  return ids && [...new Set(ids)]
}

async function tlsOf({ server }: Written, place: Place, reading: Reading) {
  if (server.tls === undefined) return undefined
  return server.tls === 'generated'
    ? generatedKeyPair('tls', place, reading)
    : keyPair(server.tls, place, reading)
}

/** @param place of `server`. What was not understood there gets the benefit of the doubt. */
function weighNetwork(
  { server }: Written,
  place: Place,
  listen: HostAndPort | undefined,
  publicUrl: string | undefined,
  { findings, insecure }: Reading,
): void {
  const spoiled = (...names: readonly (keyof typeof server)[]) =>
    names.some((name) => findings.spoiled(within(place, name)))
  const url = publicUrl === undefined ? undefined : new URL(publicUrl)
  if (server.tls !== undefined && url?.protocol === 'http:') {
    findings.problem(within(place, 'publicUrl'), 'must be `https:`, since `tls` is set')
  }
  if (server.insecureHttp) {
    insecure.push(`${place.source.file}: server.insecureHttp`)
    return
  }
  const hasTls = server.tls !== undefined || server.trustedProxies.length > 0
  const isOpen = listen !== undefined && !isLoopback(listen.host) && !hasTls
  if (isOpen && !spoiled('tls', 'trustedProxies', 'insecureHttp')) {
    findings.problem(
      within(place, 'listen'),
      `\`${listen.host}\` is reached from other machines: set \`server.tls\`, or \`server.trustedProxies\` when a proxy in front speaks TLS, or \`server.insecureHttp: true\``,
    )
  }
  const isPlain = url?.protocol === 'http:' && !isLoopback(url.hostname)
  const isDerived = server.publicUrl === undefined && spoiled('tls')
  if (isPlain && !isDerived && !spoiled('insecureHttp')) {
    findings.problem(
      within(place, 'publicUrl'),
      'must be `https:` beyond loopback, unless `server.insecureHttp: true`',
    )
  }
}

function wrongBlock(block: string): string | undefined {
  const [address = '', prefix, ...rest] = block.split('/')
  const family = isIP(address)
  const bits = prefix === undefined || !/^\d{1,3}$/.test(prefix) ? undefined : Number(prefix)
  if (family === 0 || rest.length > 0 || (prefix !== undefined && bits === undefined)) {
    return 'must be an address or a CIDR block, e.g. `10.0.0.0/8`'
  }
  if (bits === undefined) return undefined
  if (bits > (family === 4 ? 32 : 128)) return 'has more bits than an address'
  return bits === 0 ? 'would believe every client what its address is' : undefined
}

/** Whether it looks like one; whether its keys are strong is found out where they are used. */
function isKeyRing(text: string): boolean {
  if (text.trimStart().startsWith('{')) return isRingFile(text)
  const keys = text.split(/[\s,]+/).filter((part) => part !== '')
  return keys.length > 0 && keys.every((key) => /^[A-Za-z0-9+/]{43}=?$/.test(key))
}

function isRingFile(text: string): boolean {
  try {
    const { installation, keys } = JSON.parse(text) as { installation?: unknown; keys?: unknown }
    return typeof installation === 'string' && Array.isArray(keys) && keys.length > 0
  } catch {
    return false
  }
}
