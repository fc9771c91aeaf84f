/** The room of `/v1/revocations` on a real store, with a small organisation whose first account manages the others. */
import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rememberSessions } from '../../src/authentication/known-sessions.js'
import { createRevocationsRoom } from '../../src/authz/revocations-room.js'
import { createSessionCredentials } from '../../src/credentials/sealed-credentials.js'
import type { AuditLog } from '../../src/audit/event.js'
import type { AccountsOfProvider } from '../../src/authz/revocation-request.js'
import { Fault } from '../../src/fault.js'
import type { WireRequest, WireResponse, WireRoom } from '../../src/http/wire.js'
import { createConfigDirectory } from '../../src/role/config-directory.js'
import type { Role, RoleDirectory } from '../../src/role/role.js'
import type { RoleSession } from '../../src/role/role-session.js'
import type { TemporaryCredentials } from '../../src/role/session.js'
import type { ReplayGuard } from '../../src/signature/replay-guard.js'
import { createReplayGuard } from '../../src/signature/store-replay-guard.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import { auditFile, type AuditFile } from '../support/audit-file.js'
import { sign, type RequestToSign, type SigningCredentials } from '../support/aws-signer.js'
import { ringOf } from '../support/key-ring.js'
import { testOrigin } from '../support/origin.js'
import { roleOf, trustsCorp } from '../support/roles.js'
import { roleSessionOf } from '../support/sessions.js'
import { keptLog } from '../support/silent-log.js'
import { replicaOn, type Replica } from './replica.js'

export const management = '111122223333'
export const member = '444455556666'
export const host = 'rolegate.example.test'

const allow = (Action: unknown, Resource: unknown) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource }],
})
const sketches: readonly (readonly [name: string, account: string, ...permissions: unknown[]])[] = [
  ['Security', management, allow('rolegate:*', '*')],
  ['Helpdesk', management, allow('rolegate:Revoke', `arn:aws:rolegate::${management}:person/https%3A%2F%2Fidp.example.test/*`)], // prettier-ignore
  ['Developer', management, allow('sts:*', '*')],
  ['MemberAdmin', member, allow('rolegate:*', '*')],
  ['OneRole', member, allow('rolegate:Revoke', `arn:aws:rolegate::${member}:role/team/Deployer`)],
]

export interface RevocationHouse {
  readonly replica: Replica
  readonly audit: AuditFile
  readonly log: ReturnType<typeof keptLog>
  readonly deleted: string[]
  auditDown: boolean
  /** For what is asked of it about used signatures only. */
  storeDown: boolean
  /** Credentials of a role above, as if somebody had signed in. */
  session(name: string, more?: Partial<RoleSession>): TemporaryCredentials & { readonly session: RoleSession }
  /** Signs with AWS's own signer for `rolegate`. */
  signed(credentials: SigningCredentials, body?: unknown, request?: RequestToSign): Promise<WireRequest>
  /** Signs and sends. */
  call(credentials: SigningCredentials, body?: unknown, request?: RequestToSign): Promise<WireResponse>
  readonly room: WireRoom
  close(): Promise<void>
}

export async function revocationHouse(
  options: {
    readonly managementAccount?: string | null
    readonly providers?: readonly AccountsOfProvider[]
    readonly mostBytes?: number
  } = {},
): Promise<RevocationHouse> {
  const now = () => new Date()
  const folder = await mkdtemp(join(tmpdir(), 'rolegate-revocations-'))
  const store = await createEmbeddedStore({ directory: folder, now })
  const replica = await replicaOn(store.feed, { mostBytes: options.mostBytes })
  const audit = await auditFile(now)
  const log = keptLog()
  const credentials = createSessionCredentials(await ringOf(), { random: randomBytes })
  const deleted: string[] = []
  const house = { auditDown: false, storeDown: false } as RevocationHouse
  const record: AuditLog = {
    ...audit.audit,
    record: (event) =>
      house.auditDown ? Promise.reject(new Error('the disk is full')) : audit.audit.record(event),
  }
  const directory = organizationOf(options.managementAccount)
  const guard = createReplayGuard(store)
  const singleUse: ReplayGuard = {
    use: (...given) =>
      house.storeDown ? Promise.reject(new Fault('StoreUnavailable', 'down')) : guard.use(...given),
  }
  const room = createRevocationsRoom({
    singleUse,
    sessions: rememberSessions(credentials),
    keys: { find: () => undefined },
    revocations: replica.revocations,
    replay: () => undefined,
    directory: () => directory,
    settings: () => ({ clockSkewSeconds: 900, publicHosts: [host] }),
    deleteKey: async (accessKeyId) => deleted.push(accessKeyId) > 0,
    providers: () => options.providers ?? [],
    audit: record,
    log,
    now,
    randomUuid: randomUUID,
  })
  return Object.assign(house, {
    replica,
    audit,
    log,
    deleted,
    room,
    session(name: string, more: Partial<RoleSession> = {}) {
      const role = rolesOf().find((one) => one.name === name)
      if (role === undefined) throw new TypeError(`there is no role ${name}`)
      const { arn: roleArn, id: roleId, account } = role
      const { accessKeyId: _named, ...unnamed } = roleSessionOf({ issuedAt: now(), roleArn, roleId, account, ...more }) // prettier-ignore
      return credentials.issue(unnamed)
    },
    async signed(signer: SigningCredentials, body?: unknown, request: RequestToSign = {}) {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const signed = await sign(
        signer,
        {
          host,
          service: 'rolegate',
          path: '/v1/revocations',
          ...(body === undefined ? { method: 'GET' } : { method: 'POST', body: text }),
          ...request,
        },
        now(),
      )
      return { ...signed, origin: testOrigin }
    },
    async call(...given: Parameters<RevocationHouse['signed']>) {
      return room.handle(await house.signed(...given))
    },
    async close() {
      await replica.close()
      await audit.close()
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  })
}

function rolesOf(): readonly Role[] {
  const trust = trustsCorp(management)
  return [
    ...sketches.map(([name, account, ...permissions]) => roleOf({ name, account, trust, permissions })),
    roleOf({ name: 'Deployer', account: member, path: '/team/', trust }),
  ]
}

function organizationOf(managementAccount: string | null = management): RoleDirectory {
  const account = (id: string, alias: string) => ({ id, alias, name: alias, unit: '', tags: new Map() })
  return createConfigDirectory({
    organization: {
      id: 'o-a1b2c3d4e5',
      name: 'Test',
      accounts: [account(management, 'main'), account(member, 'shop')],
      ...(managementAccount === null ? {} : { managementAccount }),
    },
    roles: rolesOf(),
    providers: [],
  })
}
