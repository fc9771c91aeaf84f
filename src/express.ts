/**
 * `import … from 'rolegate'`: what a resource server in Node needs to accept Rolegate's credentials. A verifier that
 * decides here or asks, and the guard that puts it in front of handlers. Like `app.ts` a place where objects meet.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { access } from 'node:fs/promises'
import { createAuditLog } from './audit/audit-log.js'
import { rememberSessions } from './authentication/known-sessions.js'
import { createLocalVerifier } from './authz/local-verifier.js'
import type { Verifier } from './authz/verifier.js'
import { keyRingSource } from './config/key-ring-source.js'
import { openLiveConfig } from './config/live-config.js'
import { problemLine } from './config/problem-line.js'
import { revocationSettings } from './config/revocation-settings.js'
import { openKeyRing } from './credentials/key-ring-live.js'
import { createPurposeBox } from './credentials/purpose-box.js'
import { createRevocations } from './credentials/revocation-list.js'
import { createSessionCredentials } from './credentials/sealed-credentials.js'
import type { Log } from './operation/log.js'
import { authorizationMessagePurpose } from './role/authorization-message.js'
import { createConfigDirectory } from './role/config-directory.js'
import { followFeed } from './store/feed-follower.js'
import { openStore } from './store/open-store.js'
import { accessKeyPurpose, createAccessKeyRecords } from './user/access-key-records.js'
import { openAccessKeys } from './user/access-keys.js'

export { protect } from './authz/express-middleware.js'
export type { Guard, ProtectedRequest, ProtectOptions } from './authz/express-middleware.js'
export { createRemoteVerifier } from './authz/remote-verifier.js'
export type { RemoteVerifierOptions } from './authz/remote-verifier.js'
export { CannotDecide, VerifierRefused } from './authz/verifier.js'
export type { Authorized, AuthorizeAnswer, AuthorizeQuestion, Verifier } from './authz/verifier.js'

export interface LocalVerifierOptions {
  /** The installation's folders, as `rolegate serve` is given them. */
  readonly configDirectory: string
  readonly dataDirectory: string
  readonly certificatesDirectory: string
  /** Id of the account that owns resources whose ARN names none. */
  readonly account: string
  /** For `${env:…}` in the configuration, e.g. that of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Told of reloads and outages; warnings and errors go to standard error by default. */
  readonly log?: Log
}

/** Revocations count here within a second. */
const feedIntervalMs = 300

/**
 * Opens the installation for reading, beside its servers and on the same machine or the same Redis: policies that change,
 * keys that are rotated and sessions that are revoked count here as soon as there. Decisions go into the installation's
 * audit record.
 * @throws {Error} when the configuration or the key ring cannot be used, or the store or the record not be opened.
 */
export async function openLocalVerifier(options: LocalVerifierOptions): Promise<Verifier> {
  const { configDirectory, dataDirectory, certificatesDirectory, account, log = quietLog } = options
  const now = () => new Date()
  await mustExist(dataDirectory)
  const opened = await openLiveConfig({
    directory: configDirectory,
    dataDirectory,
    certificatesDirectory,
    environment: options.environment ?? {},
    log,
  })
  if (!opened.ok)
    throw new Error(opened.problems.map((problem) => problemLine(problem, configDirectory)).join('\n'))
  const { live } = opened
  const closing: (() => void | Promise<void>)[] = [() => live.close()]
  const close = async (): Promise<void> => {
    for (const part of closing.splice(0).toReversed()) await part()
  }
  try {
    const server = () => live.current().server
    const metrics = {
      auditRecord: nothing,
      revocationFeed: nothing,
      revocationHistoryLost: nothing,
      revoked: nothing,
    }
    const source = keyRingSource(() => live.current(), dataDirectory)
    if (source.file !== undefined) await mustExist(source.file)
    const ring = await openKeyRing({
      ...source,
      random: randomBytes,
      now,
      log,
    })
    closing.push(() => ring.close())
    live.onChange(() => ring.reload())
    const store = await openStore(server().store, { dataDirectory, now, log })
    closing.push(() => store.close())
    const audit = await createAuditLog({ ...server().audit, now, log, metrics })
    closing.push(() => audit.close())
    let directory = createConfigDirectory(live.current())
    live.onChange((changed) => {
      directory = createConfigDirectory(changed)
    })
    const follower = followFeed({ feed: store.feed, now, intervalMs: feedIntervalMs, log })
    closing.push(() => follower.close())
    const keys = await openAccessKeys({
      keys: createAccessKeyRecords({
        ...store,
        box: createPurposeBox(ring, accessKeyPurpose, { random: randomBytes }),
        random: randomBytes,
        now,
      }),
      follower,
      isAccount: (id) => directory.account(id) !== undefined,
      log,
    })
    closing.push(() => keys.close())
    const revocations = await createRevocations({
      feed: store.feed,
      follower,
      now,
      settings: () => revocationSettings(live.current()),
      log,
      metrics,
    })
    closing.push(() => revocations.close())
    live.watch()
    return createLocalVerifier({
      sessions: rememberSessions(createSessionCredentials(ring, { random: randomBytes })),
      keys,
      revocations,
      directory: () => directory,
      settings: () => server().sts,
      authorizationMessages: createPurposeBox(ring, authorizationMessagePurpose),
      audit,
      log,
      now,
      randomUuid: randomUUID,
      account,
      close,
    })
  } catch (cause) {
    await close()
    throw cause
  }
}

/** Nothing is made here that the server has not made before: a mistyped folder must not become a second installation. */
async function mustExist(path: string): Promise<void> {
  await access(path).catch((cause: unknown) => {
    throw new Error(`there is no \`${path}\`: start the server once, or name its data folder`, { cause })
  })
}

function nothing(): void {
  // Metrics are the server's; a resource server has its own.
}

/** A line each, as a library may write. */
const quietLog: Log = {
  debug: nothing,
  info: nothing,
  warn: (event, fields) => console.warn(`rolegate: ${event}`, fields),
  error: (event, fields) => console.error(`rolegate: ${event}`, fields),
}
