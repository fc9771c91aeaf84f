/**
 * Bind and search on one connection, each within its time. This and its neighbours are the only importers of
 * ldapts: past this room nobody knows a result code. A connection is used for one purpose and closed, so that no
 * sign-in ever runs with somebody else's rights, and it never reconnects by itself.
 */
import { Client, ResultCodeError, type Filter } from 'ldapts'
import { openConnection, type DirectoryServer, type Transport } from './connection.js'
import { binaryAttributes, toEntry, type DirectoryEntry } from './entry.js'
import { createReplyStream } from './reply-stream.js'
import { Unreachable, type UnreachableReason } from './unreachable.js'

export interface Directory {
  /** @returns false when the directory refuses this name with this password, for whatever reason of the account. */
  bind(dn: string, password: string): Promise<boolean>
  /** Aliases are not dereferenced and referrals not followed. @returns the entries, of all pages. */
  search(base: string, options: SearchOptions): Promise<readonly DirectoryEntry[]>
  close(): void
}

export interface SearchOptions {
  readonly scope: 'base' | 'one' | 'sub'
  readonly filter: Filter
  readonly attributes: readonly string[]
  /** At most this many; without it every entry, or a failure when the directory holds some back. */
  readonly limit?: number
}

export interface DirectoryLimits {
  readonly operationTimeoutMs: number
  /** Over the whole life of the connection. */
  readonly maximumBytes: number
}

/** Results that speak about the account or its name, and not about the server (RFC 4511 appendix A). */
const accountRefusals = new Set([
  19, // constraintViolation: how some directories say that an account is locked
  32, // noSuchObject
  34, // invalidDNSyntax
  48, // inappropriateAuthentication: the entry has no password
  49, // invalidCredentials
  50, // insufficientAccessRights
  53, // unwillingToPerform: e.g. an account that may not bind now
])
/** Of the operation, and not of the one server. */
const failures: ReadonlyMap<number, UnreachableReason> = new Map([
  [3, 'ldap:truncated'], // timeLimitExceeded
  [4, 'ldap:truncated'], // sizeLimitExceeded
  [10, 'ldap:referral'],
  [11, 'ldap:truncated'], // adminLimitExceeded
  [32, 'ldap:denied'], // noSuchObject: also what somebody who may not see it is told
  [50, 'ldap:denied'], // insufficientAccessRights
])

/** A connection may not outlive this many operations' time, however busily the server keeps answering. */
const operationsPerConnection = 4

/** @throws {Unreachable} here and from every method, when the server could not be asked. */
export async function openDirectory(
  server: DirectoryServer,
  transport: Transport,
  limits: DirectoryLimits,
): Promise<Directory> {
  const replies = createReplyStream(await openConnection(server, transport), limits.maximumBytes)
  let opened = false
  const client = new Client({
    url: `ldap://${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}`,
    createConnection: () => {
      if (opened) throw new Unreachable('ldap:closed')
      opened = true
      return replies.socket
    },
  })
  const lifetime = setTimeout(
    () => replies.destroy(new Unreachable('ldap:timeout')),
    limits.operationTimeoutMs * operationsPerConnection,
  ).unref()

  async function inTime<T>(operation: Promise<T>): Promise<T> {
    const timer = setTimeout(
      () => replies.destroy(new Unreachable('ldap:timeout')),
      limits.operationTimeoutMs,
    )
    try {
      return await operation
    } catch (cause) {
      if (cause instanceof ResultCodeError) throw new Result(cause.code)
      throw replies.failure() ?? new Unreachable('ldap:closed', cause)
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    async bind(dn, password) {
      // An empty name or password asks for an anonymous session, which succeeds (RFC 4513 section 5.1).
      if (dn === '' || password === '') return false
      try {
        await inTime(client.bind(dn, password))
        return true
      } catch (cause) {
        if (cause instanceof Result && accountRefusals.has(cause.code)) return false
        throw asUnreachable(cause)
      }
    },
    async search(base, { scope, filter, attributes, limit }) {
      try {
        const { searchEntries } = await inTime(
          client.search(base, {
            scope,
            filter,
            attributes: [...attributes],
            explicitBufferAttributes: [...binaryAttributes],
            derefAliases: 'never',
            timeLimit: Math.ceil(limits.operationTimeoutMs / 1000),
            ...(limit === undefined ? { paged: { pageSize: 500 } } : { sizeLimit: limit }),
          }),
        )
        return searchEntries.map(toEntry)
      } catch (cause) {
        throw asUnreachable(cause)
      }
    },
    close() {
      const end = () => {
        clearTimeout(lifetime)
        replies.destroy(new Unreachable('ldap:closed'))
      }
      // Where even the farewell cannot be sent, the end of the lifetime closes the connection.
      client.unbind().then(end, end)
    },
  }
}

/** The code alone: a server's own words may quote a name, and they would go into the log. */
class Result extends Error {
  readonly code: number

  constructor(code: number) {
    super(`LDAP result code ${code}`)
    this.code = code
  }
}

function asUnreachable(cause: unknown): unknown {
  return cause instanceof Result
    ? new Unreachable(failures.get(cause.code) ?? 'ldap:operation', cause)
    : cause
}
