/**
 * The body of `POST /v1/revocations` → what is to end, and the resource that a policy has to allow it for. Sessions,
 * roles and keys belong to their account; people and providers' sessions to the organization, which its management
 * account speaks for, or its only account. Where neither is known nobody may end them over HTTP.
 */
import {
  accountOf as accountOfKey,
  isLongTermAccessKeyId,
  isTemporaryAccessKeyId,
} from '../credentials/access-key-id.js'
import type { RevocationTarget } from '../credentials/revocation-entry.js'
import type { PasswordSignIn } from '../federation/assertion.js'
import { parseRoleArn } from '../policy/arn.js'
import type { Organization, RoleDirectory } from '../role/role.js'
import { parseJsonObject, type JsonObject } from './json-reading.js'

export interface RevocationRequest {
  /** e.g. `RevokeRole` */
  readonly eventName: string
  /** ARN. */
  readonly resource: string
  /** Undefined: nobody's. */
  readonly account: string | undefined
  /** Undefined: there is no such role or local account; said only to who may revoke. */
  readonly target: RevocationTarget | undefined
}

/** Of an identity provider, what is needed to find an account that it keeps itself. */
export interface AccountsOfProvider {
  readonly name: string
  readonly password?: Pick<PasswordSignIn, 'accountNamed'>
}

const fields = ['type', 'accessKeyId', 'roleArn', 'account', 'role', 'issuer', 'subject', 'providerSession', 'provider', 'username'] // prettier-ignore
const localIssuer = 'rolegate:local'
const printable = {
  most: 2_048,
  pattern: /^[^\p{Cc}\p{Cs}]+$/u,
  must: 'must be a text without control characters',
}

/** @throws {BadRequest} */
export async function parseRevocationRequest(
  body: Buffer,
  directory: RoleDirectory,
  providers: readonly AccountsOfProvider[],
): Promise<RevocationRequest> {
  const asked = parseJsonObject(body, fields)
  const type = asked.text('type')
  switch (type) {
    case 'session':
      return credentials(asked, {
        type,
        eventName: 'RevokeSession',
        is: isTemporaryAccessKeyId,
        shape: 'ASIA',
      })
    case 'key':
      return credentials(asked, {
        type,
        eventName: 'RevokeAccessKey',
        is: isLongTermAccessKeyId,
        shape: 'AKIA',
      })
    case 'role':
      return role(asked, directory)
    case 'person':
      return person(asked, directory.organization, providers)
    case 'provider-session': {
      only(asked, ['issuer', 'providerSession', 'subject'])
      const issuer = asked.text('issuer', printable)
      const providerSession = asked.text('providerSession', {
        most: 256,
        pattern: /^[\x20-\x7e]+$/,
        must: 'must be printable ASCII',
      })
      const subject = asked.optionalText('subject', printable)
      const target = { type, issuer, providerSession, ...(subject === undefined ? {} : { subject }) }
      const names = [issuer, providerSession, ...(subject === undefined ? [] : [subject])]
      return ofOrganization(directory.organization, 'RevokeProviderSession', target, names)
    }
    default:
      throw asked.wrong('type', 'must be `session`, `role`, `person`, `provider-session` or `key`')
  }
}

/** `arn:aws:rolegate::<account>:<type>/<name>`. Names are percent-encoded, so that two never make one ARN. */
function revocationArn(
  type: RevocationTarget['type'],
  account: string | undefined,
  names: readonly string[],
): string {
  return `arn:aws:rolegate::${account ?? ''}:${type}/${names.map(encodeName).join('/')}`
}

/** The account that speaks for the whole organization; undefined when the configuration names none. */
export function organizationAccount({ managementAccount, accounts }: Organization): string | undefined {
  return managementAccount ?? (accounts.length === 1 ? accounts[0]?.id : undefined)
}

/** Whose revocation it is, for lists. */
export function accountOfTarget(target: RevocationTarget, organization: Organization): string | undefined {
  switch (target.type) {
    case 'session':
    case 'key':
      return accountOfKey(target.accessKeyId)
    case 'role':
      return parseRoleArn(target.roleArn)?.account
    case 'person':
    case 'provider-session':
      return organizationAccount(organization)
  }
}

function credentials(
  asked: JsonObject,
  kind: {
    readonly type: 'session' | 'key'
    readonly eventName: string
    readonly is: (value: string) => boolean
    readonly shape: string
  },
): RevocationRequest {
  only(asked, ['accessKeyId'])
  const accessKeyId = asked.text('accessKeyId')
  const account = accountOfKey(accessKeyId)
  if (!kind.is(accessKeyId) || account === undefined)
    throw asked.wrong('accessKeyId', `must be an access key id that begins with ${kind.shape}`)
  return {
    eventName: kind.eventName,
    resource: revocationArn(kind.type, account, [accessKeyId]),
    account,
    target: { type: kind.type, accessKeyId },
  }
}

/** By ARN, or by account (id or alias) and name, with or without the path. */
function role(asked: JsonObject, directory: RoleDirectory): RevocationRequest {
  only(asked, asked.has('roleArn') ? ['roleArn'] : ['account', 'role'])
  const found = asked.has('roleArn') ? roleByArn(asked, directory) : roleByName(asked, directory)
  const { account, path, name, known } = found
  return {
    eventName: 'RevokeRole',
    resource: `arn:aws:rolegate::${account ?? ''}:role${path}${name}`,
    account,
    target: known && { type: 'role', roleArn: known.arn, roleId: known.id },
  }
}

function roleByArn(asked: JsonObject, directory: RoleDirectory) {
  const arn = asked.text('roleArn')
  const parsed = parseRoleArn(arn)
  if (parsed === undefined || /[*?\s]/.test(arn)) throw asked.wrong('roleArn', 'must be the ARN of a role')
  return { ...parsed, known: directory.role(arn) }
}

function roleByName(asked: JsonObject, directory: RoleDirectory) {
  const account = directory.account(asked.text('account', { most: 64 }))?.id
  const name = asked.text('role', {
    most: 576,
    pattern: /^[\w+=,.@/-]+$/,
    must: 'must be the name of a role',
  })
  const known = account === undefined ? undefined : directory.roleNamed(account, name)
  return known === undefined
    ? { account, path: '/', name: name.replace(/^\//, ''), known }
    : { account, path: known.path, name: known.name, known }
}

/** By issuer and subject, as they stand in the record of the sign-in, or an account of a local provider. */
async function person(
  asked: JsonObject,
  organization: Organization,
  providers: readonly AccountsOfProvider[],
): Promise<RevocationRequest> {
  const type = 'person'
  const eventName = 'RevokePerson'
  if (!asked.has('provider')) {
    only(asked, ['issuer', 'subject'])
    const [issuer, subject] = [asked.text('issuer', printable), asked.text('subject', printable)]
    return ofOrganization(organization, eventName, { type, issuer, subject }, [issuer, subject])
  }
  only(asked, ['provider', 'username'])
  const name = asked.text('provider', { most: 64 })
  const username = asked.text('username', printable)
  const provider = providers.find((one) => one.name === name)
  if (provider?.password?.accountNamed === undefined)
    throw asked.wrong(
      'provider',
      'is not a provider of local accounts: give `issuer` and `subject`, which stand in the record of the sign-in',
    )
  // Exactly as it is written there: otherwise the resource, and so a refusal, would tell who has an account.
  const isKnown = (await provider.password.accountNamed(username)) === username
  const target = isKnown ? ({ type, issuer: localIssuer, subject: username } as const) : undefined
  return ofOrganization(organization, eventName, target, [localIssuer, username], type)
}

function ofOrganization(
  organization: Organization,
  eventName: string,
  target: RevocationTarget | undefined,
  names: readonly string[],
  type = target?.type ?? 'person',
): RevocationRequest {
  const account = organizationAccount(organization)
  return { eventName, resource: revocationArn(type, account, names), account, target }
}

/** Fields that say something else are a mistake, not decoration. */
function only(asked: JsonObject, wanted: readonly string[]): void {
  const other = fields.find((name) => name !== 'type' && asked.has(name) && !wanted.includes(name))
  if (other !== undefined) throw asked.wrong(other, 'does not belong to this type of revocation')
}

function encodeName(name: string): string {
  return encodeURIComponent(name).replaceAll('*', '%2A')
}
