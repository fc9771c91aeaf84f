/** Rooms that judge requests to others, over a small organisation: readers, a resource server, a protected service. */
import { randomBytes, randomUUID } from 'node:crypto'
import type { AuditEvent, AuditLog } from '../../src/audit/event.js'
import { rememberSessions } from '../../src/authentication/known-sessions.js'
import { createAuthorizeRoom } from '../../src/authz/authorize-room.js'
import { createLocalVerifier } from '../../src/authz/local-verifier.js'
import type { ProtectedService } from '../../src/authz/protected-service.js'
import type { Verifier } from '../../src/authz/verifier.js'
import { createVerifyRoom } from '../../src/authz/verify-room.js'
import { createPurposeBox } from '../../src/credentials/purpose-box.js'
import { createSessionCredentials } from '../../src/credentials/sealed-credentials.js'
import { Fault } from '../../src/fault.js'
import type { WireRequest, WireResponse, WireRoom } from '../../src/http/wire.js'
import { openAuthorizationMessage } from '../../src/role/authorization-message.js'
import { originOfCaller } from '../../src/role/lineage.js'
import type { RoleDirectory } from '../../src/role/role.js'
import type { RoleSession } from '../../src/role/role-session.js'
import type { TemporaryCredentials } from '../../src/role/session.js'
import type { LongTermKey } from '../../src/user/long-term-key.js'
import { sign, type RequestToSign, type SignedRequest, type SigningCredentials } from './aws-signer.js'
import { testClock, type TestClock } from './clock.js'
import { ringOf } from './key-ring.js'
import { testOrigin } from './origin.js'
import { directoryOf, homeAccount, policyOf, roleOf, trustsCorp, userOf, type RoleSketch } from './roles.js'
import { keptLog } from './silent-log.js'

export const foreignAccount = '444455556666'
export const ownHost = 'rolegate.example.test'
export const reportsHost = 'reports.example.test'

const allow = (action: unknown, resource: unknown, more: object = {}) => ({
  Version: '2012-10-17',
  Statement: [{ Sid: 'Given', Effect: 'Allow', Action: action, Resource: resource, ...more }],
})
const reports = (path: string, account = homeAccount) => `arn:aws:reports::${account}:${path}`

export const sketches: readonly RoleSketch[] = [
  {
    name: 'Reader',
    trust: trustsCorp(homeAccount),
    permissions: [
      allow(['reports:Read', 'reports:GET', 'reports:POST'], reports('*')),
      {
        Version: '2012-10-17',
        Statement: [{ Sid: 'NoSecrets', Effect: 'Deny', Action: '*', Resource: reports('secret/*') }],
      },
    ],
  },
  { name: 'Stranger', account: foreignAccount, trust: trustsCorp(foreignAccount) },
  {
    name: 'ForeignReader',
    account: foreignAccount,
    trust: trustsCorp(foreignAccount),
    permissions: [allow('reports:*', '*')],
  },
  {
    name: 'Office',
    trust: trustsCorp(homeAccount),
    permissions: [
      allow('reports:*', '*', { Condition: { IpAddress: { 'aws:SourceIp': '198.51.100.0/24' } } }),
    ],
  },
  {
    name: 'Owner',
    trust: trustsCorp(homeAccount),
    permissions: [
      allow('reports:*', '*', { Condition: { StringEquals: { 'reports:Owner': '${aws:SourceIdentity}' } } }),
    ],
  },
  {
    name: 'Server',
    trust: trustsCorp(homeAccount),
    permissions: [
      allow('rolegate:Authorize', `arn:aws:rolegate::${homeAccount}:service/reports`, {
        Condition: { 'ForAllValues:StringEquals': { 'rolegate:Hosts': [reportsHost, 'other.example.test'] } },
      }),
    ],
  },
]

export const robot = userOf({
  name: 'robot',
  permissions: [allow(['reports:*', 'iam:*'], '*'), allow('rolegate:Authorize', '*')],
})
const robotKey: LongTermKey = {
  accessKeyId: 'AKIARTRZJWS6AAAAAAAA',
  userArn: robot.arn,
  userId: robot.id,
  secretAccessKey: 'robot/'.padEnd(40, '+'),
  active: true,
  createdAt: new Date('2026-01-01T00:00:00Z'),
}

export const reportsService: ProtectedService = {
  name: 'reports',
  account: homeAccount,
  hosts: [reportsHost, `${reportsHost}:8443`],
  signingName: 'reports',
  action: 'reports:{method}',
  resource: reports('{path}'),
  allowUnsignedPayload: false,
}
const uploads: ProtectedService = {
  ...reportsService,
  name: 'uploads',
  hosts: ['uploads.example.test'],
  allowUnsignedPayload: true,
  resource: reports('{host}/{path}'),
  policy: policyOf(
    {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: `arn:aws:iam::${foreignAccount}:role/ForeignReader` },
          Action: 'reports:*',
          Resource: '*',
        },
      ],
    },
    'resource',
    'resource policy of service uploads',
  ),
}

/** An upstream that speaks for the identity service. */
const users: ProtectedService = {
  ...reportsService,
  name: 'users',
  hosts: ['users.example.test'],
  action: 'iam:{method}',
}

export interface AuthzHouse {
  readonly authorize: WireRoom
  readonly verify: WireRoom
  /** Of a resource server in the home account, which decides by itself. */
  readonly verifier: Verifier
  readonly clock: TestClock
  /** What was recorded, oldest first. */
  readonly events: AuditEvent[]
  auditDown: boolean
  storeDown: boolean
  directory: RoleDirectory
  /** Access key ids that count as revoked. */
  readonly revoked: Set<string>
  session(role: string, overrides?: Partial<RoleSession>): TemporaryCredentials
  readonly robotKey: SigningCredentials
  /** Sessions of the robot: GetSessionToken with and without a second factor, and GetFederationToken. */
  robotSession(kind: 'user' | 'user with MFA' | 'federated-user'): TemporaryCredentials
  /** A message as principals of this account read it. */
  readMessage(encoded: string, account?: string): unknown
  /** Signed by the resource server, now. */
  ask(body: unknown, server?: SigningCredentials, signed?: RequestToSign): Promise<WireResponse>
  /** A request as a client sends it to `reports`. */
  signed(credentials: SigningCredentials, request?: RequestToSign): Promise<SignedRequest>
  /** As a proxy asks about it. */
  check(request: Partial<WireRequest>): Promise<WireResponse>
}

export async function authzHouse(): Promise<AuthzHouse> {
  const clock = testClock()
  const ring = await ringOf()
  const credentials = createSessionCredentials(ring, { random: randomBytes })
  const box = createPurposeBox(ring, 'authorization-message')
  const house = {
    auditDown: false,
    storeDown: false,
    events: [] as AuditEvent[],
    revoked: new Set<string>(),
    directory: directoryOf(sketches, { users: [robot] }),
  }
  const down = () => new Fault('StoreUnavailable', 'the store does not answer')
  const audit: AuditLog = {
    record: () => Promise.reject(new TypeError('nothing here is waited for')),
    note(event) {
      if (house.auditDown) throw new Fault('AuditUnavailable', 'the record could not be written')
      house.events.push(event)
    },
    close: () => Promise.resolve(),
  }
  const deps = {
    sessions: rememberSessions(credentials),
    keys: {
      find(id: string) {
        if (house.storeDown) throw down()
        return id === robotKey.accessKeyId ? robotKey : undefined
      },
    },
    revocations: {
      ends: ({ accessKeyId }: { readonly accessKeyId: string }) => {
        if (house.storeDown) throw down()
        return house.revoked.has(accessKeyId)
      },
      endsKey: (id: string) => house.revoked.has(id),
    },
    replay: () => undefined,
    directory: () => house.directory,
    settings: () => ({ clockSkewSeconds: 900, publicHosts: [ownHost] }),
    audit,
    log: keptLog(),
    now: clock.now,
    randomUuid: randomUUID,
  }
  const authorize = createAuthorizeRoom({ ...deps, authorizationMessages: box })
  const verify = createVerifyRoom({ ...deps, services: () => services })
  const verifier = createLocalVerifier({
    ...deps,
    authorizationMessages: box,
    account: homeAccount,
    close: () => Promise.resolve(),
  })
  const services = [reportsService, uploads, users]

  function session(name: string, overrides: Partial<RoleSession> = {}): TemporaryCredentials {
    const sketch = sketches.find((candidate) => candidate.name === name)
    if (sketch === undefined) throw new TypeError(`there is no role ${name}`)
    const role = roleOf(sketch)
    return credentials.issue({
      type: 'role' as const,
      roleArn: role.arn,
      roleId: role.id,
      account: role.account,
      sessionName: 'ada',
      issuedAt: clock.now(),
      expiresAt: new Date(clock.now().getTime() + 3_600_000),
      tags: new Map(),
      transitiveTagKeys: [],
      origin: {
        provider: `arn:aws:iam::${role.account}:saml-provider/corp`,
        issuer: 'https://idp.example.test/saml',
        subject: 'ada@example.test',
        startedAt: clock.now(),
        persistentKeys: new Map(),
        multiFactor: false,
        assertedTagKeys: [],
      },
      chain: [],
      ...overrides,
    })
  }

  return Object.assign(house, {
    authorize,
    verify,
    verifier,
    clock,
    session,
    robotKey,
    robotSession(kind: 'user' | 'user with MFA' | 'federated-user'): TemporaryCredentials {
      const now = clock.now()
      const facts = {
        account: homeAccount,
        issuedAt: now,
        expiresAt: new Date(now.getTime() + 3_600_000),
        origin: originOfCaller({ type: 'user', user: robot, accessKeyId: robotKey.accessKeyId }, now),
        chain: [{ accessKeyId: robotKey.accessKeyId }],
        userArn: robot.arn,
        userId: robot.id,
      }
      if (kind === 'federated-user') {
        const sessionPolicies = [JSON.stringify(allow('*', '*'))]
        return credentials.issue({ type: kind, ...facts, name: 'bob', tags: new Map(), sessionPolicies })
      }
      return credentials.issue({
        type: 'user',
        ...facts,
        ...(kind === 'user with MFA' ? { multiFactorAt: now } : {}),
      })
    },
    readMessage(encoded: string, account = homeAccount): unknown {
      const text = openAuthorizationMessage(box, account, encoded)
      return text === undefined ? undefined : JSON.parse(text)
    },
    async ask(body: unknown, server: SigningCredentials = session('Server'), request: RequestToSign = {}) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const signed = await sign(
        server,
        { path: '/v1/authorize', host: ownHost, service: 'rolegate', body: text, ...request },
        clock.now(),
      )
      return authorize.handle({ ...signed, origin: testOrigin })
    },
    signed: (given: SigningCredentials, request: RequestToSign = {}) =>
      sign(
        given,
        { method: 'GET', host: reportsHost, service: 'reports', path: '/2027/may', ...request },
        clock.now(),
      ),
    check: (request: Partial<WireRequest>) =>
      verify.handle({
        method: 'GET',
        rawPath: '/v1/verify',
        rawQuery: '',
        headers: [],
        body: Buffer.alloc(0),
        origin: testOrigin,
        ...request,
      }),
  })
}

/** What a resource server shows of a request. */
export function shown({
  method,
  rawPath,
  rawQuery,
  headers,
}: SignedRequest): Readonly<Record<string, unknown>> {
  return { method, path: rawPath, query: rawQuery, headers }
}
