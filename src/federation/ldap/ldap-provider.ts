/**
 * Sign-in with a password that a directory checks: find the person and bind as that entry, or bind by a DN
 * template. Who may do what is not decided here, and failed attempts are counted elsewhere (`session/throttle`).
 */
import { randomUUID } from 'node:crypto'
import { Fault, type Clock } from '../../fault.js'
import type { Log } from '../../operation/log.js'
import type { Assertion, IdentityProvider } from '../assertion.js'
import { providerArnResource } from '../provider-arn.js'
import type { LdapSettings } from '../settings.js'
import { createTurnstile } from '../turnstile.js'
import type { DirectoryServer } from './connection.js'
import { openDirectory, type Directory } from './directory.js'
import { escapeDnValue, isWithin } from './dn.js'
import type { DirectoryEntry } from './entry.js'
import { compileFilter } from './filter.js'
import { createGroupFinder } from './groups.js'
import { attributesToRead, refusal, toAssertion } from './person.js'
import { createRefusalPace } from './refusal-pace.js'
import { createServers } from './servers.js'
import { isServerTrouble, Unreachable } from './unreachable.js'

const atOnce = 32
const waiting = 256
const maximumBytes = 8 * 1024 * 1024

/**
 * @param deps.publicUrl becomes the assertion's audience.
 * @throws {Error} when a filter of the settings is no filter.
 */
export function createLdapProvider(
  settings: LdapSettings,
  deps: { readonly now: Clock; readonly log: Log; readonly publicUrl: string },
): IdentityProvider {
  const servers = createServers(settings.urls, deps.now)
  const turnstile = createTurnstile({ atOnce, waiting, waitMs: settings.operationTimeoutMs })
  const personFilter = compileFilter(settings.userSearch.filter)
  const attributes = attributesToRead(settings)
  const findGroups = createGroupFinder(settings.groups)
  const pace = createRefusalPace({ elapsed: () => performance.now(), draw: Math.random })
  const running = new Set<Promise<unknown>>()
  /** For the bind that an unknown name costs as well: no entry can have this name. */
  const absentDn = `cn=${randomUUID()},${settings.userSearch.base}`

  async function connected<T>(
    server: DirectoryServer,
    use: (directory: Directory) => Promise<T>,
  ): Promise<T> {
    const directory = await openDirectory(server, settings, {
      operationTimeoutMs: settings.operationTimeoutMs,
      maximumBytes,
    })
    try {
      return await use(directory)
    } finally {
      directory.close()
    }
  }

  type Outcome = { readonly assertion: Assertion } | { readonly refused: string }
  type Found = { readonly entry: DirectoryEntry } | { readonly refused: string }

  async function findPerson(
    directory: Directory,
    username: string,
    where: { readonly base: string; readonly scope: 'base' | 'one' | 'sub' },
  ): Promise<Found> {
    const entries = await directory.search(where.base, {
      scope: where.scope,
      filter: personFilter({ username }),
      attributes,
      // One more than allowed: at the limit itself the package does not tell that there were more.
      limit: 2,
    })
    const [entry] = entries
    if (entry === undefined) return { refused: 'ldap:no-match' }
    if (entries.length > 1) return { refused: 'ldap:ambiguous' }
    if (!isWithin(entry.dn, where.base, where.scope)) return { refused: 'ldap:out-of-base' }
    const reason = refusal(entry, settings)
    return reason === undefined ? { entry } : { refused: reason }
  }

  async function finish(directory: Directory, entry: DirectoryEntry, username: string): Promise<Outcome> {
    const groups = await findGroups(directory, entry, username)
    const said = { audience: deps.publicUrl, at: deps.now(), log: deps.log }
    return { assertion: toAssertion(entry, groups, settings, said) }
  }

  /** The name is bound on a connection of its own, so that the service connection keeps its rights. */
  function searchThenBind(
    server: DirectoryServer,
    username: string,
    password: string,
    service: { readonly dn: string; readonly password: string },
  ): Promise<Outcome> {
    return connected(server, async (directory) => {
      if (!(await directory.bind(service.dn, service.password))) throw new Unreachable('ldap:service-bind')
      const found = await findPerson(directory, username, settings.userSearch)
      const known = 'entry' in found
      const right = await connected(server, (own) =>
        known
          ? pace.observe(() => own.bind(found.entry.dn, password))
          : pace.imitate(() => own.bind(absentDn, randomUUID())),
      )
      if (!known) return found
      return right ? finish(directory, found.entry, username) : { refused: 'ldap:password' }
    })
  }

  async function bindByTemplate(
    server: DirectoryServer,
    username: string,
    password: string,
    template: string,
  ): Promise<Outcome> {
    const dn = template.replace(/\{username\}/g, () => escapeDnValue(username))
    if (!isWithin(dn, settings.userSearch.base, settings.userSearch.scope)) {
      return { refused: 'ldap:out-of-base' }
    }
    return connected(server, async (directory) => {
      if (!(await directory.bind(dn, password))) return { refused: 'ldap:password' }
      try {
        const found = await findPerson(directory, username, { base: dn, scope: 'base' })
        return 'entry' in found ? await finish(directory, found.entry, username) : found
      } catch (cause) {
        // What the person may not read is not the server's fault.
        if (cause instanceof Unreachable && cause.reason === 'ldap:denied') return { refused: cause.reason }
        throw cause
      }
    })
  }

  function ask(server: DirectoryServer, username: string, password: string): Promise<Outcome> {
    return settings.bind.type === 'search'
      ? searchThenBind(server, username, password, settings.bind)
      : bindByTemplate(server, username, password, settings.bind.dn)
  }

  async function askInOrder(username: string, password: string): Promise<Outcome> {
    let last: Unreachable | undefined
    for (const server of servers.candidates()) {
      try {
        const outcome = await ask(server, username, password)
        servers.answered(server)
        return outcome
      } catch (cause) {
        if (!(cause instanceof Unreachable)) throw cause
        last = cause
        deps.log.warn('directory not reachable', {
          provider: settings.name,
          url: server.url,
          reason: cause.reason,
          detail: cause.cause instanceof Error ? cause.cause.message : undefined,
        })
        // Above all a refused service account: trying it at every server only helps to lock it.
        if (!isServerTrouble(cause)) break
        servers.failed(server)
      }
    }
    throw unavailable(last ?? new Unreachable('ldap:connect'))
  }

  async function authenticate(username: string, password: string): Promise<Assertion | null> {
    const unfit = unfitName(username) ?? unfitPassword(password)
    const outcome =
      unfit === undefined
        ? await turnstile.pass(() => askInOrder(username, password))
        : { value: { refused: unfit } }
    if (outcome === undefined) throw unavailable(new Unreachable('ldap:busy'))
    if ('assertion' in outcome.value) return outcome.value.assertion
    deps.log.info('sign-in refused', { provider: settings.name, reason: outcome.value.refused })
    return null
  }

  function unavailable(cause: Unreachable): Fault {
    return new Fault('ProviderUnavailable', `the directory \`${settings.displayName}\` could not be asked`, {
      reason: cause.reason,
      cause,
    })
  }

  return {
    name: settings.name,
    kind: 'ldap',
    displayName: settings.displayName,
    arnResource: providerArnResource({ kind: 'ldap', name: settings.name, issuer: settings.urls[0]! }),
    password: {
      async authenticate(username, password) {
        const attempt = authenticate(username, password)
        running.add(attempt)
        try {
          return await attempt
        } finally {
          running.delete(attempt)
        }
      },
    },
    /** Sign-ins under way come to their end first, which their time limits guarantee. */
    async close() {
      await Promise.allSettled(running)
    },
  }
}

function unfitName(username: string): string | undefined {
  if (username.trim() === '' || username.length > 256) return 'ldap:no-match'
  return /[\p{Cc}\p{Surrogate}]/u.test(username) ? 'ldap:characters' : undefined
}

/** A bind without a password succeeds for every name at directories that allow it (RFC 4513 section 5.1.2). */
function unfitPassword(password: string): string | undefined {
  if (/^[\s\0]*$/u.test(password)) return 'ldap:empty-password'
  return password.includes('\0') || password.length > 1024 ? 'ldap:characters' : undefined
}
