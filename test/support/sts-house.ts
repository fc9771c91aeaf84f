import { randomBytes, randomUUID } from 'node:crypto'
import { createSessionCredentials } from '../../src/credentials/sealed-credentials.js'
import type { SessionCredentials } from '../../src/credentials/credentials.js'
import { Fault } from '../../src/fault.js'
import type { AuditEvent, AuditLog } from '../../src/audit/event.js'
import type { Assertion, IdentityProvider, ProviderKind } from '../../src/federation/assertion.js'
import type { WireResponse, WireRoom } from '../../src/http/wire.js'
import { createRoleBroker } from '../../src/role/role-broker.js'
import type { RoleDirectory } from '../../src/role/role.js'
import type { RoleSession } from '../../src/role/role-session.js'
import type { TemporaryCredentials } from '../../src/role/session.js'
import type { LongTermKeys } from '../../src/user/long-term-key.js'
import type { ReplayGuard } from '../../src/signature/replay-guard.js'
import { createStsRoom } from '../../src/sts/sts-room.js'
import type { PasswordThrottle } from '../../src/sts/password-throttle.js'
import { assertionOf } from './assertion.js'
import { sign, type RequestToSign, type SignedRequest } from './aws-signer.js'
import { testClock, type TestClock } from './clock.js'
import { ringOf } from './key-ring.js'
import { testOrigin } from './origin.js'
import { directoryOf, homeAccount, roleOf, trustsCorp, type RoleSketch } from './roles.js'
import { keptLog, silentMetrics } from './silent-log.js'

export const otherAccount = '444455556666'
export const arnOf = (name: string, account = homeAccount) => `arn:aws:iam::${account}:role/${name}`

const trustsRole = (arn: string, condition?: unknown, actions: unknown = 'sts:AssumeRole') => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: arn },
      Action: actions,
      ...(condition === undefined ? {} : { Condition: condition }),
    },
  ],
})
/** Trusts a provider of the home account, for everything that an action needs. */
export const trustsProvider = (resource: string, action: string) => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { Federated: `arn:aws:iam::${homeAccount}:${resource}` },
      Action: [action, 'sts:TagSession', 'sts:SetSourceIdentity'],
    },
  ],
})
const mayAssume = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'], Resource: '*' },
  ],
}

/** A small organisation: a first role by SAML, roles behind it, and one that nobody may assume. */
export const sketches: readonly RoleSketch[] = [
  { name: 'Developer', trust: trustsCorp(homeAccount), permissions: [mayAssume] },
  {
    name: 'Deployer',
    account: otherAccount,
    trust: trustsRole(arnOf('Developer'), undefined, [
      'sts:AssumeRole',
      'sts:TagSession',
      'sts:SetSourceIdentity',
    ]),
    permissions: [mayAssume],
  },
  {
    name: 'Partner',
    account: otherAccount,
    trust: trustsRole(arnOf('Developer'), { StringEquals: { 'sts:ExternalId': 'agreed-42' } }),
  },
  {
    name: 'Short',
    account: otherAccount,
    trust: trustsRole(arnOf('Developer')),
    maxSessionSeconds: 1800,
  },
  { name: 'Vault', account: otherAccount, trust: trustsRole(arnOf('Nobody')) },
  { name: 'Saml', trust: trustsCorp(homeAccount, undefined, ['sts:AssumeRoleWithSAML', 'sts:TagSession']) },
  {
    name: 'Web',
    trust: trustsProvider('oidc-provider/issuer.example.test/realm', 'sts:AssumeRoleWithWebIdentity'),
  },
  { name: 'Ldap', trust: trustsProvider('ldap-provider/staff', 'sts:AssumeRoleWithLDAPIdentity') },
]

export interface StsHouse {
  readonly room: WireRoom
  readonly clock: TestClock
  readonly credentials: SessionCredentials
  /** What was recorded, oldest first. */
  readonly events: AuditEvent[]
  /** Replaced by tests in which a role vanishes. */
  directory: RoleDirectory
  /** Set to make every record fail. */
  auditDown: boolean
  providers: readonly IdentityProvider[]
  attempt: PasswordThrottle['attempt']
  keys: LongTermKeys
  /** Access key ids whose sessions, children included, count as revoked. */
  readonly revoked: Set<string>
  replay: ReplayGuard | undefined
  /** Credentials of a role of the sketches, as if somebody had signed in. */
  session(
    role?: string,
    overrides?: Partial<RoleSession>,
  ): TemporaryCredentials & { readonly session: RoleSession }
  /** Hands a request to the room as the server would. */
  send(request: SignedRequest): Promise<WireResponse>
  /** Signs a form with these credentials, now, and sends it. */
  call(
    credentials: TemporaryCredentials,
    form: Readonly<Record<string, string>>,
    request?: RequestToSign,
  ): Promise<WireResponse>
  /** Sends a form without any signature. */
  callUnsigned(form: Readonly<Record<string, string>>): Promise<WireResponse>
}

export async function stsHouse(
  options: { readonly publicHosts?: () => readonly string[]; readonly clock?: TestClock } = {},
): Promise<StsHouse> {
  const clock = options.clock ?? testClock()
  const credentials = createSessionCredentials(await ringOf(), { random: randomBytes })
  const events: AuditEvent[] = []
  const house = { auditDown: false, directory: directoryOf(sketches) } as StsHouse
  const audit: AuditLog = {
    record(event) {
      if (house.auditDown)
        return Promise.reject(new Fault('AuditUnavailable', 'the record could not be written'))
      events.push(event)
      return Promise.resolve()
    },
    note(event) {
      if (house.auditDown) throw new Fault('AuditUnavailable', 'the record could not be written')
      events.push(event)
    },
    close: () => Promise.resolve(),
  }
  const shared = {
    now: clock.now,
    credentials,
    audit,
    metrics: silentMetrics,
    directory: () => house.directory,
  }
  const broker = createRoleBroker({
    ...shared,
    limits: () => ({ maxSessionSeconds: 129_600, chainedMaxSessionSeconds: 3600, maxChainLength: 10 }),
    randomUuid: randomUUID,
  })
  const room = createStsRoom({
    ...shared,
    broker,
    log: keptLog(),
    providers: () => house.providers,
    settings: () => ({ clockSkewSeconds: 900, publicHosts: options.publicHosts?.() ?? ['sts.example.test'] }),
    throttle: { attempt: (account, address) => house.attempt(account, address) },
    keys: { find: (id) => house.keys.find(id) },
    revocations: {
      ends: (session) =>
        house.revoked.has(session.accessKeyId) ||
        session.chain.some(({ accessKeyId }) => house.revoked.has(accessKeyId)),
      endsKey: (id) => house.revoked.has(id),
    },
    replay: () => house.replay,
  })
  const formBody = (form: Readonly<Record<string, string>>) =>
    new URLSearchParams({ Version: '2011-06-15', ...form }).toString()
  const send = (request: SignedRequest) => room.handle({ ...request, origin: testOrigin })

  return Object.assign(house, {
    room,
    clock,
    credentials,
    events,
    providers: [],
    keys: { find: () => undefined },
    revoked: new Set<string>(),
    replay: undefined,
    attempt: () =>
      Promise.resolve({
        allowed: true,
        succeeded: () => Promise.resolve(),
        abandoned: () => Promise.resolve(),
      }),
    send,
    session(name = 'Developer', overrides = {}) {
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
          provider: `arn:aws:iam::${homeAccount}:saml-provider/corp`,
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
    },
    async call(given, form, request = {}) {
      return send(await sign(given, { body: formBody(form), ...request }, clock.now()))
    },
    callUnsigned: (form) =>
      send({
        method: 'POST',
        rawPath: '/',
        rawQuery: '',
        headers: [
          ['host', 'sts.example.test'],
          ['content-type', 'application/x-www-form-urlencoded'],
        ],
        body: Buffer.from(formBody(form)),
      }),
  } satisfies Omit<StsHouse, 'auditDown' | 'directory'>)
}

const noClose = () => Promise.resolve()

/** A provider that knows one proof, as an adapter that has verified it would answer. */
export function tokenProvider(
  kind: Extract<ProviderKind, 'saml' | 'oidc'>,
  arnResource: string,
  known: { readonly token: string; readonly assertion: Partial<Assertion> },
): IdentityProvider {
  const name = arnResource.slice(arnResource.indexOf('/') + 1)
  return {
    name,
    kind,
    displayName: name,
    arnResource,
    token: {
      verify: (token) =>
        token === known.token
          ? Promise.resolve(assertionOf({ kind, provider: name, ...known.assertion }))
          : Promise.reject(
              new Fault('InvalidAssertion', 'Response signature invalid', { reason: 'test:signature' }),
            ),
    },
    close: noClose,
  }
}

/** A directory with one person in it. */
export function directoryProvider(name: string, username: string, password: string): IdentityProvider {
  return {
    name,
    kind: 'ldap',
    displayName: name,
    arnResource: `ldap-provider/${name}`,
    password: {
      authenticate: (givenName, givenPassword) =>
        Promise.resolve(
          givenName === username && givenPassword === password
            ? assertionOf({
                kind: 'ldap',
                provider: name,
                issuer: 'ldap://directory.example.test',
                subject: 'cd6c3d5e',
                username,
                conditionKeys: new Map([['ldap:username', username]]),
              })
            : null,
        ),
    },
    close: noClose,
  }
}

export function codeOf(response: WireResponse): string {
  return /<Code>([^<]*)<\/Code>/.exec(response.body)?.[1] ?? ''
}

export function elementOf(response: WireResponse, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(response.body)?.[1]
}
