/**
 * All callers there can be, by a few of them. Principals are named exactly or by account, so whoever is not named
 * behaves like any other who is not: every combination of the names in the documents and one stranger of each sort.
 */
import { isAccountId, parseArn, parseAssumedRoleArn, parseRoleArn } from '../arn.js'
import type { PolicyDocument } from '../document.js'
import type { Principal } from '../principal.js'
import { type Named, named, namedBy } from '../principal-element.js'
import type { Statement } from '../statement.js'

export interface Caller {
  readonly principal: Principal
  /** Has a permissions boundary, which makes every Deny with NotPrincipal catch him. */
  readonly bounded: boolean
  /** Of an account, provider or service that no document names, or nobody at all. */
  readonly stranger: boolean
}

/** Callers whom every statement names in the same way; one of them stands for all. */
export interface CallerClass extends Caller {
  rankIn(statement: Statement): Named
}

/** Principal elements asked, and what a caller costs besides in the same unit. */
const maxRankings = 2_000_000
const callerCost = 9

/**
 * Undefined when there are too many combinations to look at.
 * @param sortOf Keeps callers apart whom the statements do not tell apart.
 */
export function callerClasses(
  documents: readonly PolicyDocument[],
  sortOf: (principal: Principal) => string = () => '',
): readonly CallerClass[] | undefined {
  const statements = documents.flatMap((document) => document.statements)
  const elements = [...new Set(statements.map(({ principal }) => principal))]
  const excluding = elements.some((element) => element?.includes === false)
  const classes = new Map<string, CallerClass>()
  let count = 0
  const attached = documents.every(({ kind }) => kind !== 'resource' && kind !== 'trust')
  for (const { principal, stranger } of callers(namesIn(documents), attached)) {
    count += 1
    if (count * (elements.length + callerCost) > maxRankings) return undefined
    for (const bounded of excluding ? [false, true] : [false]) {
      const ranks = new Map(
        elements.map((element) => [
          element,
          element === undefined ? named.directly : namedBy(element, principal, bounded),
        ]),
      )
      const key = `${stranger} ${sortOf(principal)} ${[...ranks.values()].join('')}`
      if (classes.has(key)) continue
      const rankIn = (statement: Statement) => ranks.get(statement.principal) ?? named.notAtAll
      classes.set(key, { principal, bounded, stranger, rankIn })
    }
  }
  return [...classes.values()]
}

interface Names {
  readonly accounts: readonly string[]
  readonly arns: readonly string[]
  readonly ids: readonly string[]
  readonly providers: readonly string[]
  readonly services: readonly string[]
}

function namesIn(documents: readonly PolicyDocument[]): Names {
  const accounts = new Set<string>()
  const arns = new Set<string>()
  const ids = new Set<string>()
  const providers = new Set<string>()
  const services = new Set<string>()
  for (const { principal } of documents.flatMap(({ statements }) => statements)) {
    for (const entry of principal?.written ?? []) {
      const at = entry.indexOf(':')
      const type = entry.slice(0, at)
      const name = entry.slice(at + 1)
      if (type === 'Federated') providers.add(name)
      if (type === 'Service') services.add(name)
      if (type !== 'AWS' || name === '*') continue
      const account = isAccountId(name) ? name : parseArn(name)?.account
      if (account === undefined) ids.add(name)
      else {
        accounts.add(account)
        arns.add(name)
      }
    }
  }
  return {
    accounts: [...accounts],
    arns: [...arns],
    ids: [...ids],
    providers: [...providers],
    services: [...services],
  }
}

interface Candidate {
  readonly principal: Principal
  readonly stranger: boolean
}

/** @param attached Whether the documents apply to callers of accounts only. */
function* callers(names: Names, attached: boolean): Generator<Candidate> {
  if (!attached) yield { principal: { type: 'anonymous' }, stranger: true }
  const unnamed = ['999999999999', '888888888888', '777777777777'].find((id) => !names.accounts.includes(id))
  const foreign = unnamed ?? unusedAccount(names.accounts)
  for (const account of [...names.accounts, foreign]) {
    const stranger = account === foreign
    for (const principal of callersOf(account, names)) yield { principal, stranger }
  }
  for (const provider of names.providers) {
    yield { principal: { type: 'federated', provider }, stranger: false }
  }
  const provider = `arn:aws:iam::${foreign}:saml-provider/unlisted`
  yield { principal: { type: 'federated', provider }, stranger: true }
  for (const host of names.services) yield { principal: { type: 'service', host }, stranger: false }
  yield { principal: { type: 'service', host: 'unlisted.amazonaws.com' }, stranger: false }
}

function unusedAccount(accounts: readonly string[]): string {
  const used = new Set(accounts)
  let number = 900_000_000_000
  while (used.has(String(number))) number += 1
  return String(number)
}

function* callersOf(account: string, names: Names): Generator<Principal> {
  const arns = names.arns.filter((arn) => parseArn(arn)?.account === account)
  const resourceOf = (arn: string) => parseArn(arn)?.resource ?? ''
  const users = arns.filter((arn) => resourceOf(arn).startsWith('user/'))
  const own = unused(arns, (n) => `arn:aws:iam::${account}:user/unlisted${n}`)
  for (const arn of [...users, own]) {
    yield { type: 'user', account, arn }
    for (const id of names.ids) yield { type: 'user', account, arn, id }
  }
  yield* sessionsOf(account, arns, names.ids)
  const federated = arns.filter((arn) => resourceOf(arn).startsWith('federated-user/'))
  for (const arn of [
    ...federated,
    unused(arns, (n) => `arn:aws:sts::${account}:federated-user/unlisted${n}`),
  ]) {
    yield { type: 'federated-user', account, arn }
    for (const federatingUser of users) yield { type: 'federated-user', account, arn, federatingUser }
  }
  yield { type: 'root', account }
}

/** Every named or unnamed session of every named or unnamed role, with each id it might have. */
function* sessionsOf(account: string, arns: readonly string[], ids: readonly string[]): Generator<Principal> {
  const sessions = arns.filter((arn) => parseAssumedRoleArn(arn) !== undefined)
  const roles = arns.filter((arn) => parseRoleArn(arn) !== undefined)
  const roleNames = new Set([
    ...roles.map((arn) => parseRoleArn(arn)!.name),
    ...sessions.map((arn) => parseAssumedRoleArn(arn)!.roleName),
  ])
  for (const name of [...roleNames, unused([...roleNames], (n) => `Unlisted${n}`)]) {
    const ofName = sessions.filter((arn) => parseAssumedRoleArn(arn)!.roleName === name)
    const withPath = roles.filter((arn) => parseRoleArn(arn)!.name === name)
    const otherSession = unused(sessions, (n) => `arn:aws:sts::${account}:assumed-role/${name}/unlisted${n}`)
    const otherPath = unused(
      roles,
      (n) => `arn:aws:iam::${account}:role/${n === '' ? '' : `path${n}/`}${name}`,
    )
    for (const arn of [...ofName, otherSession]) {
      for (const roleArn of [...withPath, otherPath]) {
        for (const roleId of [undefined, ...ids]) {
          const session: Principal = {
            type: 'role-session',
            account,
            arn,
            roleArn,
            ...(roleId === undefined ? {} : { roleId }),
          }
          yield session
          yield { ...session, pathUnknown: true }
        }
      }
    }
  }
}

function unused(taken: readonly string[], make: (suffix: string) => string): string {
  for (let n = 0; ; n += 1) {
    const name = make(n === 0 ? '' : String(n))
    if (!taken.includes(name)) return name
  }
}
