/**
 * A second evaluator, for comparison: slow, literal, straight from the published rules, sharing no code with the real
 * one. It reads raw policy JSON at every request, tries every statement, and matches with regular expressions,
 * big integers and recursion where the real one has tables. It trusts its input to be valid.
 */
import type { AuthorizationRequest } from '../../src/policy/evaluate.js'
import type { Principal } from '../../src/policy/principal.js'

type Context = AuthorizationRequest['context']
type Raw = Readonly<Record<string, unknown>>
export type RawPolicy = Raw

export interface RawLayers {
  readonly identity: readonly RawPolicy[]
  readonly resource?: RawPolicy
  readonly resourceIsTrust?: boolean
  readonly boundary?: RawPolicy
  readonly session?: readonly RawPolicy[]
  readonly serviceControl?: readonly (readonly RawPolicy[])[]
  readonly resourceControl?: readonly (readonly RawPolicy[])[]
}

type Outcome = 'allowed' | 'explicitDeny' | 'implicitDeny'

export function judge(request: AuthorizationRequest, layers: RawLayers): Outcome {
  const { principal } = request
  const bounded = layers.boundary !== undefined
  const scps = 'account' in principal ? (layers.serviceControl ?? []) : []
  const rcps = request.action.toLowerCase() === 'kms:retiregrant' ? [] : (layers.resourceControl ?? [])
  const matching = (policies: readonly RawPolicy[], effect: string) =>
    policies.flatMap((policy) =>
      list(policy['Statement'])
        .map((statement) => statement as Raw)
        .filter((statement) => statement['Effect'] === effect)
        .map((statement) => worth(statement, request, policy['Version'] === '2012-10-17', bounded))
        .filter((value) => value > 0),
    )
  const has = (policies: readonly RawPolicy[], effect: string) => matching(policies, effect).length > 0

  const everything = [
    ...layers.identity,
    ...list(layers.resource ?? []),
    ...list(layers.boundary ?? []),
    ...(layers.session ?? []),
    ...scps.flat(),
    ...rcps.flat(),
  ] as RawPolicy[]
  if (has(everything, 'Deny')) return 'explicitDeny'

  const grant = layers.resource === undefined ? 0 : Math.max(0, ...matching([layers.resource], 'Allow'))
  if (!('account' in principal)) return grant > 0 ? 'allowed' : 'implicitDeny'
  if (!scps.every((level) => has(level, 'Allow'))) return 'implicitDeny'
  const action = request.action.toLowerCase()
  if (principal.type === 'root' && action === 'sts:assumerole') return 'implicitDeny'

  const boundary = layers.boundary === undefined || has([layers.boundary], 'Allow')
  const session =
    layers.session === undefined ? principal.type !== 'federated-user' : has(layers.session, 'Allow')
  const identity = principal.type === 'root' || has(layers.identity, 'Allow')
  const callerSide = identity && boundary && session
  const both =
    principal.account !== request.resourceAccount ||
    (action === 'sts:setsourceidentity' && principal.type === 'role-session')
  const isRole =
    request.resource.split(':')[2] === 'iam' && request.resource.split(':').at(5)!.startsWith('role/')
  const isKey = request.resource.split(':')[2] === 'kms'
  const needsOwn =
    layers.resourceIsTrust === true ||
    action.startsWith('sts:assumerole') ||
    (['sts:tagsession', 'sts:setsourceidentity', 'sts:setcontext'].includes(action) && isRole) ||
    (isKey && layers.resource !== undefined)
  const ways = both
    ? [grant > 0 && callerSide]
    : [grant === 3, grant === 2 && boundary && session, callerSide && (!needsOwn || grant > 0)]
  return ways.some(Boolean) ? 'allowed' : 'implicitDeny'
}

/** 0 no match; otherwise how the caller is named: 1 by account, 2 by role, 3 by himself or without any naming. */
function worth(statement: Raw, request: AuthorizationRequest, variables: boolean, bounded: boolean): number {
  const { principal, context } = request
  let naming = 3
  if ('Principal' in statement) naming = principalWorth(statement['Principal'], principal)
  if ('NotPrincipal' in statement) {
    naming = bounded || !exempt(statement['NotPrincipal'], principal) ? 3 : 0
    if (entriesOf(statement['NotPrincipal']).length === 0) naming = 0
  }
  const actionHit = (pattern: string) =>
    flat(tokens(pattern.toLowerCase(), false, context)!).test(request.action.toLowerCase())
  const resourceHit = (pattern: string) => resourceMatches(pattern, request.resource, variables, context)
  const listed = (name: string, hit: (pattern: string) => boolean) => {
    if (name in statement) {
      const patterns = list(statement[name]) as string[]
      return patterns.some(hit)
    }
    if (`Not${name}` in statement) {
      const patterns = list(statement[`Not${name}`]) as string[]
      return patterns.length > 0 && !patterns.some(hit)
    }
    return true
  }
  if (!listed('Action', actionHit) || !listed('Resource', resourceHit)) return 0
  const conditions = (statement['Condition'] ?? {}) as Record<string, Record<string, unknown>>
  for (const [operator, block] of Object.entries(conditions)) {
    for (const [key, values] of Object.entries(block)) {
      const wanted = list(values).map(String)
      if (!conditionHolds(operator, key, wanted, context, variables, statement['Effect'] === 'Deny')) return 0
    }
  }
  return naming
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : [value]
}

// Principals

function entriesOf(element: unknown): string[] {
  if (typeof element === 'string') return ['AWS *']
  return Object.entries(element as Record<string, unknown>).flatMap(([type, names]) =>
    list(names).map((name) => `${type} ${String(name)}`),
  )
}

function principalWorth(element: unknown, principal: Principal): number {
  return Math.max(0, ...entriesOf(element).map((entry) => entryWorth(entry, principal)))
}

function entryWorth(entry: string, principal: Principal): number {
  if (entry === 'AWS *') return 3
  switch (principal.type) {
    case 'anonymous':
      return 0
    case 'federated':
      return entry === `Federated ${principal.provider}` ? 3 : 0
    case 'service':
      return entry === `Service ${principal.host}` ? 3 : 0
    case 'root':
      return isAccount(entry, principal.account) ? 1 : 0
    case 'user':
      if (entry === `AWS ${principal.arn}` || entry === `AWS ${principal.id}`) return 3
      return isAccount(entry, principal.account) ? 1 : 0
    case 'role-session':
      if (entry === `AWS ${principal.arn}`) return 3
      if (isRoleOf(entry, principal)) return 2
      return isAccount(entry, principal.account) ? 1 : 0
    case 'federated-user':
      break
  }
  if (entry === `AWS ${principal.arn}`) return 3
  if (entry === `AWS ${principal.federatingUser}`) return 2
  return isAccount(entry, principal.account) ? 1 : 0
}

function isRoleOf(entry: string, principal: Extract<Principal, { type: 'role-session' }>): boolean {
  if (entry === `AWS ${principal.roleArn}` || entry === `AWS ${principal.roleId}`) return true
  if (principal.pathUnknown !== true) return false
  const role = /^AWS arn:[^:]*:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(entry)
  const session = /:assumed-role\/([^/]+)\//.exec(principal.arn)
  return role !== null && role[1] === principal.account && role[2] === session?.[1]
}

function isAccount(entry: string, account: string): boolean {
  return entry === `AWS ${account}` || /^AWS arn:[^:]*:iam::(\d{12}):root$/.exec(entry)?.[1] === account
}

function exempt(element: unknown, principal: Principal): boolean {
  const entries = entriesOf(element)
  if (entries.includes('AWS *')) return true
  const worths = entries.map((entry) => entryWorth(entry, principal))
  if (principal.type === 'root') return worths.includes(1)
  if (principal.type === 'user') return worths.includes(3) && worths.includes(1)
  if (principal.type === 'role-session') return [1, 2, 3].every((each) => worths.includes(each))
  if (principal.type === 'federated-user') return worths.includes(3) && worths.includes(1)
  return worths.includes(3)
}

// Text

type Token = { readonly text: string } | '*' | '?'

/** Single characters and wildcards; undefined when a variable has no value. */
function tokens(text: string, variables: boolean, context: Context): Token[] | undefined {
  const out: Token[] = []
  let rest = text
  while (rest !== '') {
    const special = variables ? /^\$\{([*?$])\}/.exec(rest) : null
    const variable = variables ? /^\$\{([^},]+)(?:, '([^']*)')?\}/.exec(rest) : null
    if (special) {
      out.push({ text: special.at(1)! })
      rest = rest.slice(special[0].length)
    } else if (variable) {
      const value = context.has(variable.at(1)!.toLowerCase())
        ? context.get(variable.at(1)!.toLowerCase())
        : variable[2]
      if (typeof value !== 'string') return undefined
      out.push(...value.split('').map((char) => ({ text: char })))
      rest = rest.slice(variable[0].length)
    } else {
      const char = rest.charAt(0)
      out.push(char === '*' || char === '?' ? char : { text: char })
      rest = rest.slice(1)
    }
  }
  return out
}

function flat(pattern: readonly Token[], any = '[^]*', one = '[^]'): RegExp {
  const source = pattern.map((token) => (token === '*' ? any : token === '?' ? one : quote(token.text)))
  return expression(source.join(''))
}

const expressions = new Map<string, RegExp>()

/** The engine takes longer to read an expression than to use it. */
function expression(source: string): RegExp {
  const known = expressions.get(source)
  if (known !== undefined) return known
  const made = new RegExp(`^${source}$`)
  expressions.set(source, made)
  return made
}

function quote(text: string): string {
  return text.replace(/[^A-Za-z0-9]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

function cut(pattern: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]]
  for (const token of pattern) {
    if (typeof token === 'object' && token.text === ':' && parts.length < 6) parts.push([])
    else parts.at(-1)!.push(token)
  }
  return parts
}

function resourceMatches(pattern: string, resource: string, variables: boolean, context: Context): boolean {
  if (pattern === '*') return true
  if (resource.split(':').length < 6) return false
  const all = tokens(pattern, variables, context)
  if (all === undefined) return false
  const parts = cut(all)
  const last = parts.pop()!
  const before = parts.map((part) => partSource(part) + ':').join('')
  for (let start = 0; start <= resource.length; start += 1) {
    if (!expression(before).test(resource.slice(0, start))) continue
    const inSixth = parts.length === 5 || resource.slice(0, start).split(':').length > 5
    const tail = inSixth ? flat(last) : expression(partSource(last))
    if (tail.test(resource.slice(start))) return true
  }
  return false
}

/** One of the first five parts: wildcards stay inside it, but a star at its end may run on. */
function partSource(part: readonly Token[]): string {
  return part
    .map((token, i) => {
      if (token === '*') return i === part.length - 1 ? '[^]*' : '[^:]*'
      return token === '?' ? '[^:]' : quote(token.text)
    })
    .join('')
}

function arnMatches(pattern: readonly Token[], given: string): boolean {
  const wanted = cut(pattern)
  const [a, b, c, d, e, ...rest] = given.split(':')
  if (wanted.length < 6 || rest.length === 0) return false
  return [a, b, c, d, e, rest.join(':')].every((part, i) => flat(wanted.at(i)!).test(part ?? ''))
}

// Conditions

function conditionHolds(
  written: string,
  keyName: string,
  wanted: readonly string[],
  context: Context,
  variables: boolean,
  denies: boolean,
): boolean {
  const [, prefix = '', base = '', suffix = ''] = /^(ForAllValues:|ForAnyValue:)?(.*?)(IfExists)?$/.exec(
    written,
  )!
  const given = context.get(keyName.toLowerCase())
  const absent = given === undefined || (prefix !== '' && given.length === 0 && typeof given !== 'string')
  if (base === 'Null') {
    if (prefix !== '') return prefix === 'ForAllValues:'
    const empty = given === undefined || (typeof given !== 'string' && given.length === 0)
    return wanted.some((value) => value.toLowerCase() === String(empty))
  }
  const negative = base.includes('Not')
  if (absent) return suffix !== '' || prefix === 'ForAllValues:' || (prefix === '' && negative)
  const one = (value: string): boolean => {
    const results = wanted.map((want) => compare(base.replace('Not', ''), value, want, variables, context))
    if (results.includes('unreadable')) return negative && denies
    return negative ? !results.includes(true) : results.includes(true)
  }
  if (prefix === '') return typeof given === 'string' && one(given)
  const values = typeof given === 'string' ? [given] : given
  if (prefix === 'ForAnyValue:') return values.some(one)
  return (values.length === 1 && values[0] === '') || values.every(one)
}

function compare(
  operator: string,
  given: string,
  wanted: string,
  variables: boolean,
  context: Context,
): boolean | 'unreadable' {
  if (operator.startsWith('String') || operator.startsWith('Arn')) {
    const pattern = tokens(wanted, variables, context)
    if (pattern === undefined) return false
    if (operator.startsWith('Arn')) return arnMatches(pattern, given)
    if (operator === 'StringLike') return flat(pattern).test(given)
    const text = pattern.map((token) => (typeof token === 'string' ? token : token.text)).join('')
    return operator === 'StringEquals' ? given === text : lower(given) === lower(text)
  }
  if (operator.startsWith('Numeric')) return relate(operator, number(given), number(wanted))
  if (operator.startsWith('Date')) return relate(operator, date(given), date(wanted))
  if (operator === 'Bool') {
    if (!/^(true|false)$/i.test(given)) return 'unreadable'
    return given.toLowerCase() === wanted.toLowerCase()
  }
  if (operator === 'BinaryEquals') {
    if (!isBase64(given)) return 'unreadable'
    return isBase64(wanted) && Buffer.from(given, 'base64').equals(Buffer.from(wanted, 'base64'))
  }
  return inRange(given, wanted)
}

/** Only the letters that a policy's text may contain have a case. */
function lower(text: string): string {
  return text
    .split('')
    .map((char) => (char <= '\u00ff' ? char.toLowerCase() : char))
    .join('')
}

function relate<T extends number | bigint>(
  operator: string,
  given: T | undefined,
  wanted: T | undefined,
): boolean | 'unreadable' {
  if (given === undefined) return 'unreadable'
  if (wanted === undefined) return false
  if (operator.endsWith('LessThanEquals')) return given <= wanted
  if (operator.endsWith('GreaterThanEquals')) return given >= wanted
  if (operator.endsWith('LessThan')) return given < wanted
  if (operator.endsWith('GreaterThan')) return given > wanted
  return given === wanted
}

/** In units of 10 to the minus 30. */
function number(text: string): bigint | undefined {
  const match = /^([-+]?)(\d+)(?:\.(\d{1,30}))?$/.exec(text)
  if (match === null) return undefined
  const units = BigInt(match.at(2)! + (match[3] ?? '').padEnd(30, '0'))
  return match[1] === '-' ? -units : units
}

function date(text: string): number | undefined {
  if (!/^\d{4}$/.test(text) && !text.includes('-', 1)) {
    return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : undefined
  }
  const parts = /^(\d{4})(-\d\d)?(-\d\d)?(T([01]\d|2[0-3]):\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.exec(
    text,
  )
  if (parts === null || (parts[4] !== undefined && parts[3] === undefined)) return undefined
  const lastDay = new Date(Date.UTC(Number(parts[1]), Number((parts[2] ?? '-01').slice(1)), 0)).getUTCDate()
  if (Number((parts[3] ?? '-01').slice(1)) > lastDay) return undefined
  const instant = Date.parse(text)
  return Number.isNaN(instant) ? undefined : instant
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
}

function inRange(given: string, wanted: string): boolean | 'unreadable' {
  const [inner, innerBits] = bits(given)
  const [outer, outerBits] = bits(wanted)
  if (inner === '') return 'unreadable'
  if (outer === '' || inner.length !== outer.length || innerBits < outerBits) return false
  return inner.slice(0, outerBits) === outer.slice(0, outerBits)
}

/** The address as a text of ones and zeros (empty: no address), and how many of them count. */
function bits(text: string): [string, number] {
  const [, address = '', mask] = /^([^/]*)(?:\/(0|[1-9]\d*))?$/.exec(text) ?? []
  const binary = address.includes(':') ? bitsOfV6(address) : bitsOfV4(address)
  const count = mask === undefined ? binary.length : Number(mask)
  return count > binary.length ? ['', 0] : [binary, count]
}

function bitsOfV4(address: string): string {
  const octets = address.split('.')
  if (octets.length !== 4 || octets.some((octet) => String(Number(octet)) !== octet)) return ''
  if (octets.some((octet) => Number(octet) < 0 || Number(octet) > 255)) return ''
  return octets.map((octet) => Number(octet).toString(2).padStart(8, '0')).join('')
}

function bitsOfV6(address: string): string {
  const dotted = /^(.*:)([^:]*\.[^:]*)$/.exec(address)
  if (dotted !== null) {
    const four = bitsOfV4(dotted.at(2)!)
    if (four === '') return ''
    const words = [four.slice(0, 16), four.slice(16)].map((word) => Number.parseInt(word, 2).toString(16))
    return bitsOfV6(`${dotted.at(1)!}${words.join(':')}`)
  }
  const halves = address.split('::').map((half) => (half === '' ? [] : half.split(':')))
  if (halves.length > 2 || !halves.flat().every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return ''
  const [head = [], tail] = halves
  const gap = 8 - head.length - (tail ?? []).length
  if (tail === undefined ? gap !== 0 : gap < 1) return ''
  const groups = [...head, ...Array<string>(gap).fill('0'), ...(tail ?? [])]
  return groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('')
}
