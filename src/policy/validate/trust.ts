/**
 * Checks on who may assume a role, apart from what conditions say: principals that trust policies do not take, and
 * principals paired with an action that is not theirs.
 */
import { parseAssumedRoleArn, parseRoleArn } from '../arn.js'
import { quoted } from '../reader.js'
import { coversAction, matchesEntry } from './action.js'
import { type Check, type Hit, hit, perStatement } from './check.js'
import type { PrincipalLeaf, StatementView } from './policy-view.js'
import { assumeAction, providerOf } from './provider.js'

export const trustChecks: readonly Check[] = [
  {
    code: 'ROLE_TRUST_POLICY_UNSUPPORTED_WILDCARD_IN_PRINCIPAL',
    type: 'ERROR',
    kinds: ['trust'],
    find: perStatement(function* ({ effect, principal }) {
      if (effect === 'Allow' && principal?.includes === true && principal.bare) {
        yield hit(
          'A trust policy does not take `*` as its principal: say `{"AWS": "*"}` if everybody is meant.',
          principal.cursor,
        )
      }
    }),
  },
  {
    code: 'MISMATCHED_ACTION_FOR_PRINCIPAL',
    type: 'ERROR',
    kinds: ['trust'],
    find: perStatement((statement) => mismatches(statement, ['saml', 'oidc', 'caller'])),
  },
  {
    code: 'ROLEGATE_MISMATCHED_ACTION_FOR_PROVIDER',
    type: 'ERROR',
    kinds: ['trust'],
    find: perStatement((statement) => mismatches(statement, ['ldap', 'local'])),
  },
  {
    code: 'MISSING_ACTION_FOR_ROLES_ANYWHERE_TRUST_POLICY',
    type: 'ERROR',
    kinds: ['trust'],
    find: perStatement(function* ({ effect, principal, actions }) {
      if (effect !== 'Allow' || actions === undefined) return
      const anywhere = principal?.entries.find(
        ({ type, text }) => type === 'Service' && text.toLowerCase() === 'rolesanywhere.amazonaws.com',
      )
      if (anywhere === undefined) return
      const missing = ['sts:AssumeRole', 'sts:SetSourceIdentity', 'sts:TagSession'].filter(
        (action) => !coversAction(actions, action.toLowerCase()),
      )
      if (missing.length > 0) {
        yield hit(
          `Roles Anywhere also needs ${missing.map((action) => `\`${action}\``).join(' and ')}.`,
          actions.cursor,
        )
      }
    }),
  },
  {
    code: 'REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY',
    type: 'SUGGESTION',
    kinds: ['trust'],
    find: perStatement(function* ({ principal }) {
      const roles = new Set<string>()
      for (const { text } of principal?.entries ?? []) {
        const role = parseRoleArn(text)
        if (role !== undefined) roles.add(`${role.account} ${role.name}`)
      }
      for (const { text, cursor } of principal?.entries ?? []) {
        const session = parseAssumedRoleArn(text)
        if (session !== undefined && roles.has(`${session.account} ${session.roleName}`)) {
          yield hit('Its role is listed too, which covers every session.', cursor)
        }
      }
    }),
  },
]

type Party = 'saml' | 'oidc' | 'ldap' | 'local' | 'caller'

/** The action with which each party comes; callers are whoever signs with credentials, services included. */
const actionOf: Readonly<Record<Party, string>> = { ...assumeAction, caller: 'sts:AssumeRole' }
const parties = Object.keys(actionOf) as readonly Party[]

function* mismatches({ principal, actions }: StatementView, concerns: readonly Party[]): Iterable<Hit> {
  // Everybody includes those who come with any of the actions.
  if (principal?.includes !== true || principal.everyone || actions?.includes !== true) return
  const granted = parties.filter((party) =>
    actions.entries.some((entry) => matchesEntry(entry, actionOf[party].toLowerCase())),
  )
  if (granted.length === 0) return
  const present = new Set<Party>()
  for (const entry of principal.entries) {
    const party = partyOf(entry)
    if (party === undefined) continue
    present.add(party)
    if (!granted.includes(party) && concerns.includes(party)) {
      yield hit(
        `${quoted(entry.text)} comes with \`${actionOf[party]}\`, which the statement does not name.`,
        entry.cursor,
      )
    }
  }
  if (present.size === 0 || [...present].some((party) => !granted.includes(party))) return
  for (const party of concerns) {
    if (present.has(party)) continue
    const written = actions.entries.find(
      ({ wild, folded }) => !wild && folded === actionOf[party].toLowerCase(),
    )
    if (written !== undefined) {
      yield hit(`None of the principals comes with \`${actionOf[party]}\`.`, written.cursor)
    }
  }
}

function partyOf(leaf: PrincipalLeaf): Party | undefined {
  if (leaf.type === 'AWS' || leaf.type === 'Service') return 'caller'
  return providerOf(leaf)?.kind
}
