/** Verified and judged facts to the `Assertion` every protocol ends in. */
import type { Log } from '../../operation/log.js'
import type { Assertion } from '../assertion.js'
import { sessionClaims } from '../session-claims.js'
import type { SamlSettings } from '../settings.js'
import { readAwsAttributes } from './aws-attributes.js'
import { conditionKeysOf } from './condition-keys.js'
import type { AssertionFacts } from './facts.js'
import type { Judgement } from './judge.js'
import { saysMultiFactor } from './multi-factor.js'

/** As the source of a session tag or of the source identity: the NameID, which no attribute can stand in for. */
const nameIdSource = 'NameID'

/**
 * @throws {SamlRefusal} `sts:claims`
 * @throws {Fault} `InvalidAssertion` from what the configuration maps, see `mappedValue` and `sessionClaims`.
 */
export function toAssertion(
  facts: AssertionFacts,
  judgement: Judgement,
  { settings, log }: { readonly settings: SamlSettings; readonly log: Log },
): Assertion {
  const values = new Map(facts.attributes.map(({ name, values }) => [name, values]))
  const first = (name: string) => (name === '' ? undefined : values.get(name)?.find((value) => value !== ''))
  const username = first(settings.usernameAttribute) ?? facts.nameId.value
  const email = first(settings.emailAttribute)
  const aws = readAwsAttributes(facts.attributes)
  const valuesOf = (from: string) => (from === nameIdSource ? [facts.nameId.value] : (values.get(from) ?? []))
  const groups = settings.groupsAttribute === '' ? [] : (values.get(settings.groupsAttribute) ?? [])
  return {
    provider: settings.name,
    kind: 'saml',
    issuer: facts.issuer,
    subject: facts.nameId.value,
    audience: judgement.audience,
    username,
    displayName: first(settings.displayNameAttribute) ?? username,
    ...(email === undefined ? {} : { email }),
    groups: groups.filter((group) => group !== ''),
    conditionKeys: conditionKeysOf(facts, judgement.recipient, settings),
    authenticatedAt: judgement.authenticatedAt,
    multiFactor: saysMultiFactor(facts),
    ...(judgement.sessionEndsAt ? { sessionEndsAt: judgement.sessionEndsAt } : {}),
    ...(judgement.providerSession === undefined ? {} : { providerSession: judgement.providerSession }),
    ...aws,
    ...sessionClaims(settings, { valuesOf, asserted: aws }, log),
  }
}
