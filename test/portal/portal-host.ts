/**
 * The real pages on a real server: real store, broker, audit file, throttle, grants and local accounts. Only the
 * redirect provider is written here, since what it proves is not this room's business.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { createKeyedDigest } from '../../src/credentials/keyed-digest.js'
import { createPurposeBox } from '../../src/credentials/purpose-box.js'
import { createSessionCredentials } from '../../src/credentials/sealed-credentials.js'
import type { SessionCredentials } from '../../src/credentials/credentials.js'
import type { AuditLog } from '../../src/audit/event.js'
import type { Assertion, IdentityProvider } from '../../src/federation/assertion.js'
import { createLocalProvider } from '../../src/federation/local/local-provider.js'
import { createPasswordHasher } from '../../src/federation/local/password-hash.js'
import { writeUsers } from '../../src/federation/local/users-file.js'
import type { PortalDeps } from '../../src/portal/portal-deps.js'
import { createPortal } from '../../src/portal/portal.js'
import { createConfigDirectory } from '../../src/role/config-directory.js'
import type { Account, Role } from '../../src/role/role.js'
import { createRoleBroker } from '../../src/role/role-broker.js'
import { createPendingSignIns } from '../../src/session/pending-sign-in.js'
import { createRoleHistory } from '../../src/session/role-history.js'
import { createSignInSessions, type SignInSessions } from '../../src/session/sign-in-session.js'
import { createThrottle } from '../../src/session/throttle.js'
import { createClients, type Clients } from '../../src/sso/clients.js'
import { createCodeAuthorizations } from '../../src/sso/code-grants.js'
import { createDeviceAuthorizations, type DeviceAuthorizations } from '../../src/sso/device-grants.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import { followFeed } from '../../src/store/feed-follower.js'
import { openUserRoom, type UserRoom } from '../../src/user/user-room.js'
import type { User } from '../../src/user/user.js'
import { assertionOf } from '../support/assertion.js'
import { auditFile, type AuditFile } from '../support/audit-file.js'
import { testClock, type TestClock } from '../support/clock.js'
import { ringOf } from '../support/key-ring.js'
import { roleOf } from '../support/roles.js'
import { nothingRevoked } from '../support/revocations.js'
import { keptLog, silentMetrics } from '../support/silent-log.js'

export const adaPassword = 'correct horse battery staple'

export interface PortalHost {
  readonly url: string
  readonly server: Server
  readonly clock: TestClock
  readonly audit: AuditFile
  readonly log: ReturnType<typeof keptLog>
  readonly sessions: SignInSessions
  readonly credentials: SessionCredentials
  readonly devices: DeviceAuthorizations
  readonly clients: Clients
  /** Keys and MFA devices of `options.users`. */
  readonly userRoom: UserRoom
  close(): Promise<void>
}

export async function portalHost(
  options: {
    /** Configuration's public URL when it is not the server's own address. */
    readonly publicUrl?: string
    readonly providers?: (url: string) => readonly IdentityProvider[]
    readonly accounts?: readonly Account[]
    readonly roles?: readonly Role[]
    readonly users?: readonly User[]
    /** Names of providers that the configuration has disabled meanwhile; may change. */
    readonly disabled?: ReadonlySet<string>
    readonly demo?: PortalDeps['demo']
    /** Stands in front of the real audit log, to make it fail. */
    readonly auditThrough?: (audit: AuditLog) => AuditLog
    readonly start?: string
  } = {},
): Promise<PortalHost> {
  const folder = await mkdtemp(join(tmpdir(), 'rolegate-portal-'))
  const clock = testClock(options.start)
  const { now } = clock
  const random = randomBytes
  const log = keptLog()
  const store = await createEmbeddedStore({ directory: join(folder, 'store'), now })
  const audit = await auditFile(now)
  const application = express()
  const server = createServer(application)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`
  const publicUrl = options.publicUrl ?? url

  const ring = await ringOf()
  const credentials = createSessionCredentials(ring, { random })
  const organization = { id: 'o-a1b2c3d4e5', name: 'Example', accounts: options.accounts ?? accounts }
  const directory = {
    ...createConfigDirectory({
      organization,
      roles: options.roles ?? roles,
      users: options.users ?? [],
      providers: [],
    }),
    vouchesFor: ({ provider }: { readonly provider: string }) =>
      options.disabled?.has(provider) !== true && providers.some(({ name }) => name === provider),
  }
  const sts = {
    maxSessionSeconds: 129_600,
    chainedMaxSessionSeconds: 3600,
    maxChainLength: 10,
    clockSkewSeconds: 900,
  }
  const auditLog = options.auditThrough?.(audit.audit) ?? audit.audit
  const broker = createRoleBroker({
    directory: () => directory,
    limits: () => sts,
    credentials,
    audit: auditLog,
    metrics: silentMetrics,
    now,
    randomUuid: randomUUID,
  })
  const usersFile = join(folder, 'users.json')
  const at = now().toISOString()
  await writeUsers(usersFile, [
    {
      name: 'ada',
      displayName: 'Ada Lovelace',
      email: 'ada@example.test',
      groups: ['developers', 'operators'],
      attributes: { department: 'Engineering' },
      password: await (await createPasswordHasher()).hash(adaPassword),
      createdAt: at,
      changedAt: at,
    },
  ])
  const local = createLocalProvider(
    { kind: 'local', name: 'local', displayName: 'Local account', attributes: [], usersFile },
    { now, log, publicUrl },
  )
  const sessions = createSignInSessions({ store, now, random, revocations: nothingRevoked })
  const clients = createClients({
    ids: createPurposeBox(ring, 'sso-client-id', { longUse: true }),
    secrets: createPurposeBox(ring, 'sso-client-secret', { longUse: true }),
    now,
  })
  const follower = followFeed({ feed: store.feed, now, intervalMs: 300, log })
  const userRoom = await openUserRoom({
    store,
    ring,
    follower,
    isAccount: (account) => directory.account(account) !== undefined,
    issuer: () => 'Example Cloud',
    random,
    now,
    log,
  })
  const devices = createDeviceAuthorizations({ store, now, random })
  const providers = [...(options.providers?.(url) ?? []), local]
  application.disable('x-powered-by')
  application.use(
    createPortal({
      settings: () => ({
        publicUrl,
        branding: { name: 'Example Cloud' },
        sessions: { signInSeconds: 28_800 },
        sts,
      }),
      providers: () => providers,
      directory: () => directory,
      broker,
      sessions,
      pending: createPendingSignIns({ store, random }),
      history: createRoleHistory({ store, now }),
      throttle: createThrottle(store, { attempts: 5, windowSeconds: 300 }, now),
      devices,
      codes: createCodeAuthorizations({ store, clients, now, random }),
      ownDevices: userRoom.ownDevices,
      audit: auditLog,
      metrics: silentMetrics,
      log,
      now,
      random,
      nameDigest: createKeyedDigest(ring, 'user-name'),
      originOf: (request) => ({
        requestId: randomUUID(),
        sourceIp: request.socket.remoteAddress ?? '',
        userAgent: request.get('user-agent') ?? '',
        secure: false,
      }),
      ...(options.demo === undefined ? {} : { demo: options.demo }),
    }),
  )
  return {
    url,
    server,
    clock,
    audit,
    log,
    sessions,
    credentials,
    devices,
    clients,
    userRoom,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await Promise.all(providers.map((provider) => provider.close()))
      userRoom.close()
      await follower.close()
      await audit.close()
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const noTags: ReadonlyMap<string, string> = new Map()

export const accounts: readonly Account[] = [
  {
    id: '111122223333',
    name: 'Sandbox',
    alias: 'sandbox',
    unit: 'Workloads/Development',
    tags: noTags,
    color: '#b7ca9d',
  },
  {
    id: '222233334444',
    name: 'Production',
    alias: 'prod',
    email: 'aws+prod@example.test',
    unit: 'Workloads/Production',
    tags: new Map([['tier', 'critical']]),
    color: '#f2b0a9',
  },
  { id: '333344445555', name: 'Audit', unit: 'Security', tags: noTags },
]

/** Allows local sign-ins of a group. */
export function trustsLocal(account: string, group: string): unknown {
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:aws:iam::${account}:local-provider/local` },
        Action: 'sts:AssumeRoleWithLocalIdentity',
        Condition: { 'ForAnyValue:StringEquals': { 'local:groups': group } },
      },
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:aws:iam::${account}:saml-provider/corp` },
        Action: ['sts:AssumeRoleWithSAML', 'sts:TagSession', 'sts:SetSourceIdentity'],
      },
    ],
  }
}

function role(account: string, name: string, group: string, more: Partial<Role> = {}): Role {
  return { ...roleOf({ account, name, trust: trustsLocal(account, group) }), ...more }
}

export const roles: readonly Role[] = [
  role('111122223333', 'Developer', 'developers', {
    description: 'Everything but money',
    maxSessionSeconds: 129_600,
  }),
  role('111122223333', 'ReadOnly', 'developers'),
  role('222233334444', 'ReadOnly', 'developers', {
    description: 'Look, do not touch',
    maxSessionSeconds: 3600,
  }),
  role('222233334444', 'Operator', 'operators', { color: '#99bce3' }),
  role('333344445555', 'Auditor', 'auditors'),
]

/** A provider that sends the browser away and believes what comes back: `user` in the answer's query or form. */
export function redirectProvider(
  name: string,
  leave: (state: string) => URL,
  overrides: Partial<IdentityProvider> & {
    readonly asForm?: boolean
    readonly assertion?: Partial<Assertion>
  } = {},
): IdentityProvider {
  const { asForm = false, assertion = {}, ...more } = overrides
  return {
    name,
    kind: 'saml',
    displayName: `${name} single sign-on`,
    arnResource: `saml-provider/${name}`,
    redirect: {
      async begin() {
        const id = randomBytes(16).toString('hex')
        const location = leave(id)
        return {
          departure: asForm
            ? {
                type: 'form',
                action: location,
                fields: new Map([
                  ['SAMLRequest', 'request'],
                  ['RelayState', id],
                ]),
              }
            : { type: 'redirect', location },
          pending: { provider: name, id, secrets: {}, expiresAt: new Date(Date.now() + 600_000) },
        }
      },
      async complete(arrival) {
        const said = new URLSearchParams(arrival.method === 'POST' ? arrival.rawBody : arrival.rawQuery)
        return assertionOf({ provider: name, username: said.get('user') ?? 'ada', ...assertion })
      },
    },
    close: async () => undefined,
    ...more,
  }
}
