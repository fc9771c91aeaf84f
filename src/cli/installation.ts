/**
 * What commands beside a server work on: its configuration, its store, its key ring and its audit record, opened as
 * the server opens them. Nothing is made that the server has not made before, so that a mistyped folder is an error
 * and not a second installation.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { access, open, stat } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { createAuditLog, type OpenAuditLog } from '../audit/audit-log.js'
import { auditEvent, type AuditFacts } from '../audit/build-event.js'
import type { Config } from '../config/config.js'
import { keyRingSource } from '../config/key-ring-source.js'
import { loadConfig } from '../config/load-config.js'
import { problemLine, shownDirectory } from '../config/problem-line.js'
import { openKeyRing, type LiveKeyRing } from '../credentials/key-ring-live.js'
import { createRingAgreement } from '../credentials/ring-agreement.js'
import { Fault } from '../fault.js'
import { openStore } from '../store/open-store.js'
import type { Store } from '../store/store.js'
import { CommandError, exitCodes, type ExitCode, type Terminal } from './terminal.js'

export interface InstallationFolders {
  readonly config: string
  readonly data: string
  readonly certs: string
}

export interface Installation {
  readonly config: Config
  readonly store: Store
  readonly ring: LiveKeyRing
  /** @throws {CommandError} when the servers would not open what this ring seals, or not for long. */
  requireAgreement(): Promise<void>
  /** Writes down what was done here, and by which user of this machine. @throws {Fault} `AuditUnavailable`. */
  record(
    what: Omit<AuditFacts, 'origin' | 'now' | 'eventID' | 'userIdentity' | 'additionalEventData'>,
  ): Promise<void>
  close(): Promise<void>
}

/** @throws {CommandError} saying what is missing. */
async function openInstallation(
  folders: InstallationFolders,
  terminal: Pick<Terminal, 'err' | 'environment' | 'now'>,
): Promise<Installation> {
  const { now } = terminal
  const config = await configOf(folders, terminal.environment)
  const source = keyRingSource(() => config, folders.data)
  if (source.file !== undefined) await requireFile(source.file, folders.data)
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (event: string) => terminal.err(`rolegate: ${event}`),
  }
  const ring = await openKeyRing({
    ...source,
    random: randomBytes,
    now,
    log,
  })
  const store = await openStore(config.server.store, { dataDirectory: folders.data, now, log })
  let audit: OpenAuditLog | undefined

  return {
    config,
    store,
    ring,
    async requireAgreement() {
      // With the embedded store all servers read this very ring.
      if (config.server.store.type !== 'redis') return
      const agreement = createRingAgreement({ ring, records: store.records, now, log })
      try {
        await agreement.check()
        const standing = agreement.standing()
        if (standing.state === 'foreign') throw new CommandError(exitCodes.failed, standing.reason)
        if (standing.state === 'behind')
          throw new CommandError(
            exitCodes.failed,
            `this key ring was rotated elsewhere, and what it seals is opened only until ${standing.until.toISOString()}: run this with the ring that the servers have`,
          )
      } finally {
        agreement.close()
      }
    },
    async record(what) {
      const { file } = config.server.audit
      if (audit === undefined && file !== undefined) await makeForServer(file)
      // Results are on standard output: records that the server would write there go to standard error.
      audit ??= await createAuditLog({
        ...(file === undefined ? {} : { file }),
        stdout: file === undefined,
        descriptor: process.stderr.fd,
        now,
        log,
        metrics: { auditRecord: () => undefined },
      })
      const id = randomUUID()
      await audit.record(
        auditEvent({
          ...what,
          origin: { requestId: id, sourceIp: 'rolegate', userAgent: 'rolegate-cli', secure: true },
          now: now(),
          eventID: id,
          userIdentity: { type: 'Unknown', userName: operator() },
          additionalEventData: { via: 'command line' },
        }),
      )
    },
    async close() {
      await audit?.close()
      await store.close()
      ring.close()
    },
  }
}

/** Runs `work` on the installation and closes it, whatever comes of it. */
export async function withInstallation<Result>(
  folders: InstallationFolders,
  terminal: Pick<Terminal, 'err' | 'environment' | 'now'>,
  work: (installation: Installation) => Promise<Result>,
): Promise<Result> {
  const installation = await openInstallation(folders, terminal)
  try {
    return await work(installation)
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause
    throw new CommandError(exitCodeOf(cause), cause.message)
  } finally {
    await installation.close()
  }
}

function exitCodeOf({ code }: Fault): ExitCode {
  if (code === 'StoreUnavailable' || code === 'AuditUnavailable') return exitCodes.unreachable
  return code === 'InvalidParameterValue' ? exitCodes.usage : exitCodes.failed
}

async function configOf(
  folders: InstallationFolders,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Config> {
  const loaded = await loadConfig({
    directory: folders.config,
    dataDirectory: folders.data,
    certificatesDirectory: folders.certs,
    environment,
  })
  if (loaded.ok) return loaded.config
  const directory = shownDirectory(folders.config)
  const lines = loaded.problems.map((problem) => problemLine(problem, directory))
  throw new CommandError(
    exitCodes.failed,
    ['the configuration cannot be used, so nothing was done', ...lines].join('\n'),
  )
}

async function requireFile(file: string, folder: string): Promise<void> {
  await access(file).catch(() => {
    throw new CommandError(
      exitCodes.failed,
      `there is no \`${file}\`: \`${folder}\` is the data folder of no server yet; name the right one with --data, or start the server once`,
    )
  })
}

/**
 * The audit file, where there is none because it was moved away. Otherwise root, recording for a server that is not
 * root, would shut it out. A link is left alone: who it leads to is not for the folder's owner to say.
 */
async function makeForServer(file: string): Promise<void> {
  if (process.getuid?.() !== 0) return
  try {
    const { uid, gid } = await stat(dirname(file))
    const handle = await open(file, 'wx', 0o600)
    try {
      await handle.chown(uid, gid)
    } finally {
      await handle.close()
    }
  } catch {
    // It is there already; or something is wrong with the place, which the record will say.
  }
}

/** Of the machine; in a container there may be no name. */
function operator(): string {
  try {
    return userInfo().username
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}
