import { randomBytes, randomUUID } from 'node:crypto'
import { createSessionCredentials } from '../../src/credentials/sealed-credentials.js'
import type { SessionCredentials } from '../../src/credentials/credentials.js'
import { Fault } from '../../src/fault.js'
import type { AuditEvent, AuditLog } from '../../src/audit/event.js'
import type { Assertion, IdentityProvider, ProviderKind } from '../../src/federation/assertion.js'
import type { WireResponse, WireRoom } from '../../src/http/wire.js'
import { createPurposeBox } from '../../src/credentials/purpose-box.js'
import type { TokenIssuer } from '../../src/issuer/token-issuer.js'
import type { MessageBox } from '../../src/role/authorization-message.js'
import { originOfCaller } from '../../src/role/lineage.js'
import { createRoleBroker } from '../../src/role/role-broker.js'
import { createRootSessionBroker } from '../../src/role/root-session-broker.js'
import type { LifetimeLimits } from '../../src/role/session-lifetime.js'
import { createUserTokenBroker } from '../../src/role/user-token-broker.js'
import type { RoleDirectory } from '../../src/role/role.js'
import type { RoleSession } from '../../src/role/role-session.js'
import type { TemporaryCredentials } from '../../src/role/session.js'
import type { LongTermKey, LongTermKeys } from '../../src/user/long-term-key.js'
import type { MfaDevices } from '../../src/user/mfa-device.js'
import type { ReplayGuard } from '../../src/signature/replay-guard.js'
import { createStsRoom } from '../../src/sts/sts-room.js'
import type { PasswordThrottle } from '../../src/sts/password-throttle.js'
import { assertionOf } from './assertion.js'
import { sign, type RequestToSign, type SignedRequest, type SigningCredentials } from './aws-signer.js'
import { testClock, type TestClock } from './clock.js'
import { ringOf } from './key-ring.js'
import { testOrigin } from './origin.js'
import {
  directoryOf,
  homeAccount,
  managedPolicyOf,
  roleOf,
  trustsCorp,
  userOf,
  type RoleSketch,
  type UserSketch,
} from './roles.js'
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
    {
      Effect: 'Allow',
      Action: [
        'sts:AssumeRole',
        'sts:TagSession',
        'sts:SetSourceIdentity',
        'sts:SetContext',
        'sts:GetFederationToken',
      ],
      Resource: '*',
    },
  ],
}
const assuming = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity', 'sts:SetContext']

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
  {
    name: 'Operator',
    path: '/ops/',
    trust: trustsRole(`arn:aws:iam::${homeAccount}:root`, undefined, assuming),
    permissions: [mayAssume],
    tags: new Map([['Cost', 'role']]),
  },
  {
    name: 'WithMfa',
    trust: trustsRole(`arn:aws:iam::${homeAccount}:root`, {
      Bool: { 'aws:MultiFactorAuthPresent': 'true' },
      NumericLessThan: { 'aws:MultiFactorAuthAge': '300' },
    }),
  },
  {
    name: 'OnBehalf',
    trust: trustsRole(
      `arn:aws:iam::${homeAccount}:root`,
      { StringEqualsIfExists: { 'sts:RequestContext/sub': 'grace' } },
      assuming,
    ),
  },
]

export const sketchedUsers: readonly UserSketch[] = [
  {
    name: 'deploy',
    path: '/services/',
    permissions: [mayAssume],
    tags: new Map([
      ['Team', 'blue'],
      ['Cost', 'user'],
    ]),
  },
  { name: 'idle' },
]

export const readOnlyArn = 'arn:aws:iam::aws:policy/ReadOnly'
export const ownPolicyArn = `arn:aws:iam::${homeAccount}:policy/limits/Own`
const reads = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:Get*', Resource: '*' }],
}

/** The roles with the users and managed policies of the house beside them. */
export function houseDirectory(roles: readonly RoleSketch[] = sketches): RoleDirectory {
  return directoryOf(roles, {
    users: sketchedUsers.map(userOf),
    managedPolicies: [
      managedPolicyOf(readOnlyArn, reads),
      managedPolicyOf(ownPolicyArn, reads),
      managedPolicyOf(`arn:aws:iam::${otherAccount}:policy/Foreign`, reads),
    ],
  })
}

/** The virtual MFA device of `deploy`, and the code that it shows now. */
export const device = { serialNumber: `arn:aws:iam::${homeAccount}:mfa/services/deploy`, code: '492039' }

export type CallerKind =
  'user' | 'idle user' | 'role' | 'user session' | 'MFA session' | 'federated user' | 'root'

export interface StsHouse {
  readonly room: WireRoom
  readonly clock: TestClock
  readonly credentials: SessionCredentials
  /** What was recorded, oldest first. */
  readonly events: AuditEvent[]
  /** Replaced by tests in which a role vanishes. */
  directory: RoleDirectory
  limits: LifetimeLimits
  /** Set to make every record fail. */
  auditDown: boolean
  providers: readonly IdentityProvider[]
  attempt: PasswordThrottle['attempt']
  keys: LongTermKeys
  /** Knows `device`, and takes its code once. */
  mfa: MfaDevices
  issuer: TokenIssuer
  /** Seals what DecodeAuthorizationMessage opens. */
  readonly authorizationMessages: MessageBox
  /** Access key ids whose sessions, children included, count as revoked. */
  readonly revoked: Set<string>
  replay: ReplayGuard | undefined
  /** Credentials of a role of the sketches, as if somebody had signed in. */
  session(
    role?: string,
    overrides?: Partial<RoleSession>,
  ): TemporaryCredentials & { readonly session: RoleSession }
  /** The long-term key of a user of the sketches. */
  userKey(name?: string): SigningCredentials
  /** Credentials of each kind, made by the house itself. */
  credentialsOf(kind: CallerKind): SigningCredentials
  /** Hands a request to the room as the server would. */
  send(request: SignedRequest): Promise<WireResponse>
  /** Signs a form with these credentials, now, and sends it. */
  call(
    credentials: SigningCredentials,
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
  const ring = await ringOf()
  const credentials = createSessionCredentials(ring, { random: randomBytes })
  const authorizationMessages = createPurposeBox(ring, 'authorization-message')
  const events: AuditEvent[] = []
  const house = { auditDown: false, directory: houseDirectory() } as StsHouse
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
    limits: () => house.limits,
    randomUuid: randomUUID,
  }
  const room = createStsRoom({
    ...shared,
    broker: createRoleBroker(shared),
    userTokens: createUserTokenBroker(shared),
    rootSessions: createRootSessionBroker(shared),
    mfa: { verify: (user, serialNumber, code) => house.mfa.verify(user, serialNumber, code) },
    authorizationMessages,
    issuer: {
      offers: (account) => house.issuer.offers(account),
      issuerOf: (account) => house.issuer.issuerOf(account),
      issue: (request) => house.issuer.issue(request),
      keySet: (account) => house.issuer.keySet(account),
    },
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
    authorizationMessages,
    events,
    limits: { maxSessionSeconds: 129_600, chainedMaxSessionSeconds: 3600, maxChainLength: 10 },
    providers: [],
    keys: { find: (id) => longTermKeys.get(id) },
    mfa: oneDevice(),
    issuer: noIssuer,
    userKey(name = 'deploy') {
      const key = [...longTermKeys.values()].find(({ userArn }) => userArn.endsWith(`/${name}`))
      if (key === undefined) throw new TypeError(`there is no user ${name}`)
      return key
    },
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
    credentialsOf(kind) {
      const now = clock.now()
      const user = userOf(sketchedUsers[0]!)
      const facts = {
        account: homeAccount,
        issuedAt: now,
        expiresAt: new Date(now.getTime() + 3_600_000),
        origin: originOfCaller({ type: 'user', user, accessKeyId: house.userKey().accessKeyId }, now),
        chain: [{ accessKeyId: house.userKey().accessKeyId }],
      }
      const { arn: userArn, id: userId } = user
      switch (kind) {
        case 'user':
          return house.userKey()
        case 'idle user':
          return house.userKey('idle')
        case 'role':
          return house.session()
        case 'user session':
          return credentials.issue({ type: 'user', ...facts, userArn, userId })
        case 'MFA session':
          return credentials.issue({ type: 'user', ...facts, userArn, userId, multiFactorAt: now })
        case 'federated user':
          return credentials.issue({
            type: 'federated-user',
            ...facts,
            userArn,
            userId,
            name: 'bob',
            tags: new Map([['Team', 'red']]),
            sessionPolicies: [JSON.stringify(mayAssume)],
          })
        case 'root':
          return credentials.issue({
            type: 'root',
            ...facts,
            taskPolicyArn: 'arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy',
          })
      }
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

const longTermKeys: ReadonlyMap<string, LongTermKey> = new Map(
  sketchedUsers.map(userOf).map((user, index) => {
    const accessKeyId = `AKIARTRZJWS6${'ABCDEFGH'.slice(index, index + 1).repeat(8)}`
    const key = {
      accessKeyId,
      userArn: user.arn,
      userId: user.id,
      secretAccessKey: `${user.name}/`.padEnd(40, '+'),
      active: true,
      createdAt: new Date('2026-01-01T00:00:00Z'),
    }
    return [accessKeyId, key]
  }),
)

function oneDevice(): MfaDevices {
  let used = false
  return {
    verify(user, serialNumber, code) {
      if (user.name !== 'deploy' || serialNumber !== device.serialNumber)
        return Promise.resolve('unknown-device')
      if (code !== device.code || used) return Promise.resolve('wrong-code')
      used = true
      return Promise.resolve('accepted')
    },
  }
}

/** As where tokens are not enabled. */
const noIssuer: TokenIssuer = {
  offers: () => false,
  issuerOf: (account) => `https://rolegate.example.test/tokens/${account}`,
  issue: () => Promise.resolve(undefined),
  keySet: () => Promise.resolve([]),
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
