/**
 * Checks on trust in OpenID providers. One that serves the whole world (a code host's workload tokens) vouches for
 * strangers too, so the subject must say whose workload is meant.
 * https://docs.github.com/en/actions/reference/security/oidc
 */
import { quoted } from '../reader.js'
import { type Check, type Hit, hit, hitPart, perStatement } from './check.js'
import { readGitHubSubject } from './github-subject.js'
import type { ConditionView, Leaf, StatementView } from './policy-view.js'
import { type ProviderView, providersOf } from './provider.js'
import { restricts } from './restriction.js'

const github = 'token.actions.githubusercontent.com'
/** Claims that name the repository, its owner, or the workflow, by name or by number. */
const repositoryClaims: ReadonlySet<string> = new Set([
  'sub',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'job_workflow_ref',
])

export const oidcChecks: readonly Check[] = [
  {
    code: 'MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL',
    type: 'SECURITY_WARNING',
    kinds: ['trust'],
    find: perProvider(function* ({ name, leaf }, claims) {
      if (!claims.some(({ condition }) => restricts(condition))) {
        yield hit(
          `Whoever ${quoted(name)} vouches for may assume this role: compare its \`sub\` and \`aud\`.`,
          leaf.cursor,
        )
      }
    }),
  },
  {
    code: 'MISSING_GITHUB_REPO_CONDITION_KEY',
    type: 'SECURITY_WARNING',
    kinds: ['trust'],
    find: perProvider(function* ({ name, leaf }, claims) {
      if (!isGitHub(name)) return
      if (!claims.some(({ claim, condition }) => repositoryClaims.has(claim) && restricts(condition))) {
        yield hit(
          `Every repository on GitHub may assume this role: compare ${quoted(`${name}:sub`)}.`,
          leaf.cursor,
        )
      }
    }),
  },
  {
    code: 'SPECIFIC_GITHUB_REPO_AND_BRANCH_RECOMMENDED',
    type: 'WARNING',
    kinds: ['trust'],
    find: perSubject(function* ({ text, cursor }, { name }) {
      if (isGitHub(name) && readGitHubSubject(text)?.open === 'rest') {
        yield hit('The wildcard covers more than one repository, branch or environment.', cursor)
      }
    }),
  },
  {
    code: 'ROLEGATE_GITHUB_OWNER_WILDCARD',
    type: 'SECURITY_WARNING',
    kinds: ['trust'],
    find: perProvider(function* ({ name }, claims) {
      if (!isGitHub(name)) return
      const open: Leaf[] = []
      for (const { claim, condition } of claims) {
        if (!repositoryClaims.has(claim) || condition.negated) continue
        const wide = condition.values.filter(({ text }) => leavesOwnerOpen(condition, claim, text))
        // One condition that fixes the owner is enough, since all must hold.
        if (wide.length === 0 && restricts(condition)) return
        open.push(...wide)
      }
      for (const { cursor } of open) {
        yield hit(
          'The wildcard covers owners that are strangers: write the owner out, up to its `/`.',
          cursor,
        )
      }
    }),
  },
  {
    code: 'ROLEGATE_GITHUB_SUBJECT_UNKNOWN_FORM',
    type: 'WARNING',
    kinds: ['trust'],
    find: perProvider(function* ({ name }, claims) {
      if (!isGitHub(name)) return
      for (const { claim, condition } of claims) {
        if (claim !== 'sub' || condition.negated || !condition.operator.base.startsWith('String')) continue
        for (const { text, cursor } of condition.values) {
          if (text.includes('${') || readGitHubSubject(text) !== undefined) continue
          yield hit(
            'Subjects look like `repo:owner/name:…` or `repo:owner@id/name@id:…`, unless the repository customises them.',
            cursor,
          )
        }
      }
    }),
  },
  {
    code: 'ROLEGATE_SUBJECT_WILDCARD_CROSSES_SEPARATOR',
    type: 'WARNING',
    kinds: ['trust'],
    find: perSubject(function* ({ text, cursor }) {
      const star = text.indexOf('*')
      if (star >= 0 && /[/:]/.test(text.slice(star))) {
        yield hitPart(
          'This `*` also covers `/` and `:`, so it may swallow the parts that follow.',
          cursor,
          star,
          1,
        )
      }
    }),
  },
  {
    code: 'ROLEGATE_OIDC_AUDIENCE_NOT_COMPARED',
    type: 'SUGGESTION',
    kinds: ['trust'],
    find: perProvider(function* ({ name, leaf }, claims) {
      const own = claims.filter(({ condition }) => restricts(condition))
      // The built-in providers call it otherwise.
      if (own.length > 0 && !own.some(({ claim }) => claim === 'aud' || claim === 'app_id')) {
        yield hit(
          `Tokens of ${quoted(name)} for any accepted audience pass: compare its \`aud\`.`,
          leaf.cursor,
        )
      }
    }),
  },
]

function isGitHub(name: string): boolean {
  const lower = name.toLowerCase()
  // An enterprise may have an issuer of its own below the same host.
  return lower === github || lower.startsWith(`${github}/`)
}

function leavesOwnerOpen({ operator }: ConditionView, claim: string, text: string): boolean {
  if (operator.base !== 'StringLike') return false
  return claim === 'sub' ? readGitHubSubject(text)?.open === 'owner' : /^[^/]*[*?]/.test(text)
}

interface ClaimView {
  readonly claim: string
  readonly condition: ConditionView
}

/** Each OpenID provider that an Allow statement trusts, with the conditions on what it says. */
function perProvider(
  look: (provider: ProviderView, claims: readonly ClaimView[]) => Iterable<Hit>,
): Check['find'] {
  return perStatement(function* (statement) {
    if (statement.effect !== 'Allow' || statement.principal?.includes !== true) return
    const providers = providersOf(statement).filter(({ kind }) => kind === 'oidc')
    if (providers.length === 0) return
    const claims = claimsByIssuer(statement)
    for (const provider of providers) yield* look(provider, claims.get(provider.name.toLowerCase()) ?? [])
  })
}

/** An issuer may hold a colon (its port) and so may a claim, so a key is cut at its first and at its last one. */
function claimsByIssuer({ conditions }: StatementView): ReadonlyMap<string, readonly ClaimView[]> {
  const issuers = new Map<string, ClaimView[]>()
  for (const condition of conditions) {
    for (const colon of new Set([condition.key.indexOf(':'), condition.key.lastIndexOf(':')])) {
      const issuer = condition.key.slice(0, Math.max(0, colon))
      const view = { claim: condition.key.slice(colon + 1), condition }
      const known = issuers.get(issuer)
      if (known === undefined) issuers.set(issuer, [view])
      else known.push(view)
    }
  }
  return issuers
}

/** Each value that a provider's `sub` is positively compared with. */
function perSubject(look: (value: Leaf, provider: ProviderView) => Iterable<Hit>): Check['find'] {
  return perProvider(function* (provider, claims) {
    for (const { claim, condition } of claims) {
      if (claim !== 'sub' || condition.negated || condition.operator.base !== 'StringLike') continue
      for (const leaf of condition.values) yield* look(leaf, provider)
    }
  })
}
