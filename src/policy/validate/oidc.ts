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
const repositoryClaims = [
  'sub',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'job_workflow_ref',
]

export const oidcChecks: readonly Check[] = [
  {
    code: 'MISSING_CONDITION_KEY_FOR_OIDC_PRINCIPAL',
    type: 'SECURITY_WARNING',
    kinds: ['trust'],
    find: perProvider(function* ({ name, leaf }, statement) {
      const prefix = `${name.toLowerCase()}:`
      if (
        !statement.conditions.some((condition) => condition.key.startsWith(prefix) && restricts(condition))
      ) {
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
    find: perProvider(function* ({ name, leaf }, { conditions }) {
      if (!isGitHub(name)) return
      const keys = repositoryClaims.map((claim) => `${name.toLowerCase()}:${claim}`)
      if (!conditions.some((condition) => keys.includes(condition.key) && restricts(condition))) {
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
    find: perProvider(function* ({ name }, { conditions }) {
      if (!isGitHub(name)) return
      const open: Leaf[] = []
      for (const condition of conditions) {
        const claim = repositoryClaims.find((claim) => condition.key === `${name.toLowerCase()}:${claim}`)
        if (claim === undefined || condition.negated) continue
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
    find: perSubject(function* ({ text, cursor }, { name }) {
      if (isGitHub(name) && readGitHubSubject(text) === undefined) {
        yield hit(
          'Subjects look like `repo:owner/name:…` or `repo:owner@id/name@id:…`, unless the repository customises them.',
          cursor,
        )
      }
    }),
  },
  {
    code: 'ROLEGATE_SUBJECT_WILDCARD_CROSSES_SEPARATOR',
    type: 'WARNING',
    kinds: ['trust'],
    find: perSubject(function* ({ text, cursor }) {
      for (let at = text.indexOf('*'); at >= 0; at = text.indexOf('*', at + 1)) {
        if (/[/:]/.test(text.slice(at + 1, at + 1 + lookAhead))) {
          yield hitPart(
            'This `*` also covers `/` and `:`, so it may swallow the parts that follow.',
            cursor,
            at,
            1,
          )
          return
        }
      }
    }),
  },
  {
    code: 'ROLEGATE_OIDC_AUDIENCE_NOT_COMPARED',
    type: 'WARNING',
    kinds: ['trust'],
    find: perProvider(function* ({ name, leaf }, { conditions }) {
      const prefix = `${name.toLowerCase()}:`
      const keys = audienceClaims.map((claim) => `${prefix}${claim}`)
      const own = conditions.filter((condition) => condition.key.startsWith(prefix) && restricts(condition))
      if (own.length > 0 && !own.some(({ key }) => keys.includes(key))) {
        yield hit(
          `Tokens of ${quoted(name)} for any accepted audience pass: compare its \`aud\`.`,
          leaf.cursor,
        )
      }
    }),
  },
]

/** The built-in providers call it otherwise. */
const audienceClaims = ['aud', 'app_id']
/** No subject is longer at any provider known; the limit keeps a hostile text linear. */
const lookAhead = 2_048

function isGitHub(name: string): boolean {
  const lower = name.toLowerCase()
  // An enterprise may have an issuer of its own below the same host.
  return lower === github || lower.startsWith(`${github}/`)
}

function perProvider(
  look: (provider: ProviderView, statement: StatementView) => Iterable<Hit>,
): Check['find'] {
  return perStatement(function* (statement) {
    if (statement.effect !== 'Allow' || statement.principal?.includes !== true) return
    for (const provider of providersOf(statement)) {
      if (provider.kind === 'oidc') yield* look(provider, statement)
    }
  })
}

function leavesOwnerOpen({ operator }: ConditionView, claim: string, text: string): boolean {
  if (operator.base !== 'StringLike') return false
  return claim === 'sub' ? readGitHubSubject(text)?.open === 'owner' : /^[^/]*[*?]/.test(text)
}

/** Each value that a provider's `sub` is positively compared with. */
function perSubject(look: (value: Leaf, provider: ProviderView) => Iterable<Hit>): Check['find'] {
  return perProvider(function* (provider, { conditions }) {
    const key = `${provider.name.toLowerCase()}:sub`
    for (const condition of conditions) {
      if (condition.key !== key || !comparesPattern(condition)) continue
      for (const leaf of condition.values) yield* look(leaf, provider)
    }
  })
}

function comparesPattern({ operator, negated }: ConditionView): boolean {
  return operator.base === 'StringLike' && !negated
}
