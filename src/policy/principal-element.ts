/**
 * The Principal and NotPrincipal elements: which spellings there are, and how a caller is named by them. How he is
 * named decides what an Allow in a resource policy is worth, so the answer is a rank and not a boolean.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 *
 * Canonical storage accounts are read but match nobody: no caller here carries that id.
 */
import { isAccountId, parseArn, parseAssumedRoleArn, parseRoleArn } from './arn.js'
import type { Principal } from './principal.js'
import { type Cursor, quoted, type Reader } from './reader.js'

export interface PrincipalElement {
  /** False for NotPrincipal. */
  readonly includes: boolean
  readonly everyone: boolean
  /** Every name in one normal form, see `accountKey` and its siblings. */
  readonly names: ReadonlySet<string>
  /** As written, e.g. `AWS:111122223333`. */
  readonly written: readonly string[]
}

/** How a policy names a caller, in rising order of worth. */
export const named = {
  notAtAll: 0,
  /** By his account, which delegates to that account's administrators. */
  byAccount: 1,
  /** By his role, or by the user that federated him: capped by boundary and session policy. */
  byRole: 2,
  /** By himself, or by `*`. */
  directly: 3,
} as const

export type Named = (typeof named)[keyof typeof named]

/**
 * @param bounded Whether the caller has a permissions boundary: a Deny with NotPrincipal then always catches him.
 */
export function namedBy(element: PrincipalElement, principal: Principal, bounded: boolean): Named {
  if (element.includes) return element.everyone ? named.directly : rankIn(element.names, principal)
  if (element.written.length === 0) return named.notAtAll
  return !bounded && isExempt(element, principal) ? named.notAtAll : named.directly
}

function rankIn(names: ReadonlySet<string>, principal: Principal): Named {
  switch (principal.type) {
    case 'anonymous':
      return named.notAtAll
    case 'federated':
      return names.has(providerKey(principal.provider)) ? named.directly : named.notAtAll
    case 'service':
      return names.has(serviceKey(principal.host)) ? named.directly : named.notAtAll
    case 'root':
      break
    case 'user':
      if (names.has(principal.arn) || hasId(names, principal.id)) return named.directly
      break
    case 'role-session':
      if (names.has(principal.arn)) return named.directly
      if (namesRole(names, principal)) return named.byRole
      break
    case 'federated-user':
      if (names.has(principal.arn)) return named.directly
      if (hasId(names, principal.federatingUser)) return named.byRole
      break
  }
  return names.has(accountKey(principal.account)) ? named.byAccount : named.notAtAll
}

/**
 * Naming somebody in NotPrincipal exempts only him, not what stands around him: a user is exempt when his ARN and
 * his account are listed, a session when its ARN, its role and its account are.
 */
function isExempt({ names, everyone }: PrincipalElement, principal: Principal): boolean {
  if (everyone) return true
  switch (principal.type) {
    case 'anonymous':
    case 'federated':
    case 'service':
      return rankIn(names, principal) === named.directly
    case 'root':
      return names.has(accountKey(principal.account))
    case 'user':
      return rankIn(names, principal) === named.directly && names.has(accountKey(principal.account))
    case 'role-session':
      return (
        names.has(principal.arn) && namesRole(names, principal) && names.has(accountKey(principal.account))
      )
    case 'federated-user':
      break
  }
  return names.has(principal.arn) && names.has(accountKey(principal.account))
}

function namesRole(
  names: ReadonlySet<string>,
  principal: Extract<Principal, { type: 'role-session' }>,
): boolean {
  if (names.has(principal.roleArn) || hasId(names, principal.roleId)) return true
  if (principal.pathUnknown === undefined) return false
  const name = parseAssumedRoleArn(principal.arn)?.roleName
  return name !== undefined && names.has(roleNameKey(principal.account, name))
}

function hasId(names: ReadonlySet<string>, id: string | undefined): boolean {
  return id !== undefined && names.has(id)
}

// ARNs and unique ids stand for themselves; the other names get a prefix that neither can have.
const accountKey = (account: string) => `account ${account}`
const providerKey = (provider: string) => `provider ${provider}`
const serviceKey = (host: string) => `service ${host}`
const canonicalKey = (id: string) => `canonical ${id}`
const roleNameKey = (account: string, name: string) => `role ${account} ${name}`

/** The identity providers that the element names, as written: ARNs and built-in hosts. */
export function providersNamed(element: PrincipalElement): readonly string[] {
  const prefix = 'Federated:'
  return element.written.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
}

export function compilePrincipal(
  cursor: Cursor,
  includes: boolean,
  federatedAllowed: boolean,
  reader: Reader,
): PrincipalElement {
  if (cursor.node.type === 'string') {
    const everyone = cursor.node.value === '*'
    if (!everyone) {
      reader.report(
        'INVALID_PRINCIPAL_FORMAT',
        cursor,
        'a principal is `*` or an object with `AWS`, `Federated`, `Service` or `CanonicalUser`',
      )
    }
    return { includes, everyone, names: new Set(), written: ['*'] }
  }
  const names = new Set<string>()
  const written: string[] = []
  let everyone = false
  for (const [type, entries] of reader.members(cursor) ?? []) {
    const form = forms.get(type)
    if (form === undefined) {
      reader.report('INVALID_PRINCIPAL_KEY', entries, `there is no principal type ${quoted(type)}`)
      continue
    }
    if (type === 'Federated' && !federatedAllowed) {
      reader.report(
        'FEDERATED_PRINCIPAL_NOT_SUPPORTED',
        entries,
        'only trust policies may name identity providers',
      )
    }
    for (const entry of reader.oneOrMore(entries)) {
      const name = reader.scalar(entry)
      if (name === undefined) continue
      written.push(`${type}:${name}`)
      if (type === 'AWS' && name === '*') {
        everyone = true
        continue
      }
      const keys = form(name)
      if (keys !== undefined) for (const key of keys) names.add(key)
      else if (/[*?]/.test(name)) {
        reader.report(
          'UNSUPPORTED_WILDCARD_IN_PRINCIPAL',
          entry,
          `${quoted(name)}: wildcards cannot match part of a principal`,
        )
      } else {
        reader.report('INVALID_PRINCIPAL_FORMAT', entry, `${quoted(name)} is no ${type} principal`)
      }
    }
  }
  return { includes, everyone, names, written: written.slice() }
}

/** A name → the keys under which a caller may be found, or undefined when it has not the type's form. */
type Form = (name: string) => readonly string[] | undefined

const forms: ReadonlyMap<string, Form> = new Map<string, Form>([
  ['AWS', awsKeys],
  ['Federated', (name) => (isProvider(name) ? [providerKey(name)] : undefined)],
  ['Service', (name) => (isServiceHost(name) ? [serviceKey(name)] : undefined)],
  ['CanonicalUser', (name) => (/^[0-9a-f]{64}$/i.test(name) ? [canonicalKey(name)] : undefined)],
])

function awsKeys(name: string): readonly string[] | undefined {
  if (isAccountId(name)) return [accountKey(name)]
  if (/^(AIDA|AROA)[A-Z0-9]{8,124}$/.test(name)) return [name]
  const arn = parseArn(name)
  if (arn === undefined || arn.region !== '' || !isAccountId(arn.account)) return undefined
  if (!/^aws[a-z-]*$/.test(arn.partition) || /[*?]/.test(arn.resource)) return undefined
  const { service, resource, account } = arn
  if (service === 'sts') {
    return parseAssumedRoleArn(name) !== undefined || /^federated-user\/[^/]+$/.test(resource)
      ? [name]
      : undefined
  }
  if (service !== 'iam') return undefined
  if (resource === 'root') return [accountKey(account)]
  if (/^user\/(?:[^/]+\/)*[^/]+$/.test(resource)) return [name]
  const role = parseRoleArn(name)
  return role === undefined ? undefined : [name, roleNameKey(account, role.name)]
}

const builtInProviders: ReadonlySet<string> = new Set([
  'accounts.google.com',
  'cognito-identity.amazonaws.com',
  'www.amazon.com',
  'graph.facebook.com',
])

function isProvider(name: string): boolean {
  if (builtInProviders.has(name)) return true
  const arn = parseArn(name)
  return (
    arn?.service === 'iam' &&
    arn.region === '' &&
    isAccountId(arn.account) &&
    /^(saml|oidc|ldap|local)-provider\/[^*?]+$/.test(arn.resource)
  )
}

function isServiceHost(name: string): boolean {
  return /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(name)
}
