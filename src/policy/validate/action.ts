/**
 * Checks on Action and NotAction. Of which actions exist, only those of STS are known here: they are what a trust
 * policy grants.
 */
import { quoted } from '../reader.js'
import { type Check, hit, hitPart, perStatement } from './check.js'
import { foundByCompiler } from './grammar.js'
import { matchesGlob } from '../glob.js'
import type { ElementView, PatternLeaf } from './policy-view.js'

/** https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html and Rolegate's two. */
const stsActions: ReadonlySet<string> = new Set(
  `AssumeRole AssumeRoleWithLDAPIdentity AssumeRoleWithLocalIdentity AssumeRoleWithSAML AssumeRoleWithWebIdentity
   AssumeRoot DecodeAuthorizationMessage GetAccessKeyInfo GetCallerIdentity GetDelegatedAccessToken
   GetFederationToken GetServiceBearerToken GetSessionToken GetWebIdentityToken SetContext SetSourceIdentity
   TagGetWebIdentityToken TagSession`
    .toLowerCase()
    .split(/\s+/)
    .map((name) => `sts:${name}`),
)

export const actionChecks: readonly Check[] = [
  {
    code: 'INVALID_ACTION',
    type: 'ERROR',
    *find({ problems, statements }) {
      yield* foundByCompiler(problems.get('INVALID_ACTION'))
      for (const { actions } of statements) {
        for (const { text, folded, wild, glob, cursor } of actions?.entries ?? []) {
          if (!folded.startsWith('sts:') || folded === 'sts:') continue
          const exists = wild
            ? [...stsActions].some((action) => matchesGlob(glob, action))
            : stsActions.has(folded)
          if (!exists) yield hit(`STS has no action ${quoted(text)}.`, cursor)
        }
      }
    },
  },
  {
    code: 'UNSUPPORTED_ACTION_IN_POLICY',
    type: 'ERROR',
    kinds: ['trust'],
    find: perStatement(function* ({ actions }) {
      if (actions?.includes !== true) return
      for (const entry of actions.entries) {
        const { folded, text, cursor } = entry
        if (!folded.includes(':') || wildService(entry)) continue
        if (!folded.startsWith('sts:')) {
          yield hit(`A trust policy grants only actions of \`sts\`, so ${quoted(text)} does nothing.`, cursor)
        }
      }
    }),
  },
  {
    code: 'WILDCARD_IN_SERVICE_NAME',
    type: 'SUGGESTION',
    find: perStatement(function* ({ actions }) {
      for (const entry of actions?.entries ?? []) {
        if (wildService(entry)) {
          yield hitPart(
            'A wildcard in the service name covers services that nobody thought of: write the service out.',
            entry.cursor,
            0,
            entry.text.indexOf(':'),
          )
        }
      }
    }),
  },
]

function wildService({ text }: PatternLeaf): boolean {
  const colon = text.indexOf(':')
  return colon > 0 && /[*?]/.test(text.slice(0, colon))
}

/** Whether a request for this action (in lower case) gets past the element. */
export function coversAction(actions: ElementView | undefined, action: string): boolean {
  if (actions === undefined || actions.entries.length === 0) return false
  return actions.entries.some((entry) => matchesEntry(entry, action)) === actions.includes
}

export function matchesEntry(entry: PatternLeaf, action: string): boolean {
  return entry.wild ? matchesGlob(entry.glob, action) : entry.folded === action
}
