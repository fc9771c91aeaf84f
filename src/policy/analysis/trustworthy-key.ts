/**
 * Condition keys that a stranger cannot choose for himself, and which of a policy's values for them keep strangers
 * out: those that are fixed, so that whoever has such a value is somebody the policy's author chose. Everything else
 * (tags, names, user agents, referers, external ids) counts as something that anybody can have.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-concepts.html
 */
import { parseRange } from '../address.js'
import { isAccountId } from '../arn.js'
import { compilePolicy, type PolicyDocument } from '../document.js'
import { awsLimits } from '../kind.js'
import { baseOperator, type Clause, clauseOf } from './clause.js'

/** Whether a value, compared by a `like` or ARN operator or literally, can only be had by whom the author meant. */
type IsFixed = (value: string, base: string) => boolean

const literal: IsFixed = (value, base) => value !== '' && !(/Like$|^Arn/.test(base) && /[*?]/.test(value))

/** `*` alone is no restriction; a literal start that names one organization is. */
const organizationPath: IsFixed = (value, base) =>
  literal(value, base) || /^o-[a-z0-9]{10,32}\/[^?]*$/.test(value)

/** One account's ARNs, or one ARN. Under StringLike a star in front of the account could swallow it. */
const arn: IsFixed = (value, base) => {
  if (literal(value, base)) return true
  const parts = value.split(':')
  const start = base.startsWith('Arn') ? 0 : parts.slice(0, 5).join('').search(/[*?]/) + 1
  return start === 0 && parts.length >= 6 && isAccountId(parts[4]!)
}

/** `AROA…:*` is one role's sessions, `111122223333:*` one account's federated users. */
const userId: IsFixed = (value, base) =>
  literal(value, base) || /^(A(ROA|IDA)[A-Z0-9]{8,124}|[0-9]{12}):[^?]*$/.test(value)

/** Wider than this is no place but a part of the internet. */
const address: IsFixed = (value, base) => {
  const range = base.endsWith('IpAddress') ? parseRange(value) : undefined
  return range !== undefined && range.bits >= narrowest(range.words.length)
}

const narrowest = (words: number) => (words === 2 ? 8 : 32)

const trustworthy: ReadonlyMap<string, IsFixed> = new Map<string, IsFixed>([
  ['aws:principalorgid', literal],
  ['aws:principalorgpaths', organizationPath],
  ['aws:principalaccount', literal],
  ['aws:principalarn', arn],
  ['aws:userid', userId],
  ['aws:sourceaccount', literal],
  ['aws:sourcearn', arn],
  ['aws:sourceorgid', literal],
  ['aws:sourceorgpaths', organizationPath],
  ['aws:sourceowner', literal],
  ['aws:sourcevpc', literal],
  ['aws:sourcevpcarn', arn],
  ['aws:sourcevpce', literal],
  ['aws:vpceaccount', literal],
  ['aws:vpceorgid', literal],
  ['aws:vpceorgpaths', organizationPath],
  ['aws:sourceip', address],
  ['kms:calleraccount', literal],
])

/**
 * Providers where anybody can have an account, and the claims that tell one application's or one organization's
 * people from the rest. Where tokens are made for any audience on request, the audience is no such claim.
 */
const sharedProviders: ReadonlyMap<string, readonly string[]> = new Map([
  ['accounts.google.com', ['aud', 'oaud', 'sub', 'email']],
  ['cognito-identity.amazonaws.com', ['aud', 'sub']],
  ['www.amazon.com', ['app_id', 'user_id']],
  ['graph.facebook.com', ['app_id', 'id']],
  [
    'token.actions.githubusercontent.com',
    [
      'sub',
      'repository',
      'repository_id',
      'repository_owner',
      'repository_owner_id',
      'enterprise',
      'enterprise_id',
    ],
  ],
  ['gitlab.com', ['sub', 'project_path', 'project_id', 'namespace_path', 'namespace_id']],
])

/** The host of a shared provider that the name (an ARN or the host itself) stands for; undefined for any other. */
export function sharedProvider(name: string): string | undefined {
  const host = name.replace(/^arn:[^:]*:iam::[0-9]{12}:oidc-provider\//, '')
  return sharedProviders.has(host) ? host : undefined
}

/** A literal value, or one whose owner is literal: `repo:octo-org/*`, `project_path:group/*`. */
const claim: IsFixed = (value, base) =>
  literal(value, base) || /^(repo:|project_path:)[^*?/:]+\/[^?]*$/.test(value)

/**
 * Clauses that hold for nobody but those whom the document's author meant; for a stranger none of them holds.
 * @param host The shared provider that vouches for the stranger, if one does.
 */
export function insiderClauses(document: PolicyDocument, host: string | undefined): readonly Clause[] {
  const isFixed = (key: string): IsFixed | undefined => {
    if (host !== undefined && key.startsWith(`${host}:`)) {
      return sharedProviders.get(host)!.includes(key.slice(host.length + 1)) ? claim : undefined
    }
    return trustworthy.get(key)
  }
  const fixed = fixedValues(document, isFixed)
  const clauses = [...fixed].flatMap(([operator, byKey]) => clausesOf(operator, byKey, document))
  return areTooManyAddresses(clauses) ? clauses.filter(({ family }) => family !== 'address') : clauses
}

/** Positive operator → key → fixed values. */
type FixedValues = ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>

function fixedValues(
  { statements, version }: PolicyDocument,
  isFixed: (key: string) => IsFixed | undefined,
): FixedValues {
  const found = new Map<string, Map<string, Set<string>>>()
  for (const condition of statements.flatMap(({ conditions }) => conditions)) {
    const base = baseOperator(condition).replace('Not', '')
    const judge = isFixed(condition.key)
    if (judge === undefined || !/^(String|Arn|IpAddress)/.test(base)) continue
    for (const value of condition.wanted) {
      if ((version === '2012-10-17' && value.includes('${')) || !judge(value, base)) continue
      const byKey = found.get(base) ?? new Map<string, Set<string>>()
      found.set(base, byKey)
      const values = byKey.get(condition.key) ?? new Set()
      byKey.set(condition.key, values.add(value))
    }
  }
  return found
}

/** `ForAnyValue` with the positive operator and the fixed values only. */
function clausesOf(
  operator: string,
  byKey: ReadonlyMap<string, ReadonlySet<string>>,
  { version }: PolicyDocument,
): readonly Clause[] {
  const values = Object.fromEntries([...byKey].map(([key, fixed]) => [key, [...fixed]]))
  const condition = { [`ForAnyValue:${operator}`]: values }
  const compiled = compilePolicy(
    {
      Version: version,
      Statement: { Effect: 'Allow', Action: '*', Resource: '*', Condition: condition },
    },
    'identity',
    'fixed values',
    { ...awsLimits, identity: Number.MAX_SAFE_INTEGER },
  )
  if (!compiled.ok) return []
  return compiled.policy.statements.flatMap(({ conditions }) =>
    conditions.map((one) => clauseOf(one, version === '2012-10-17')),
  )
}

/** Many narrow ranges can be as good as the whole internet. */
function areTooManyAddresses(clauses: readonly Clause[]): boolean {
  const sizes = new Map<number, number>()
  for (const value of new Set(clauses.filter(isAddress).flatMap(({ condition }) => condition.wanted))) {
    const range = parseRange(value)
    if (range === undefined) continue
    const words = range.words.length
    sizes.set(words, (sizes.get(words) ?? 0) + 2 ** (narrowest(words) - range.bits))
  }
  return [...sizes.values()].some((size) => size > 1)
}

const isAddress = ({ family }: Clause) => family === 'address'
