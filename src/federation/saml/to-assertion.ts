/** Verified and judged facts to the `Assertion` every protocol ends in. */
import type { Assertion } from '../assertion.js'
import type { SamlSettings } from '../settings.js'
import { readAwsAttributes } from './aws-attributes.js'
import { conditionKeysOf } from './condition-keys.js'
import type { AssertionFacts } from './facts.js'
import type { Judgement } from './judge.js'
import { saysMultiFactor } from './multi-factor.js'

/** @throws {SamlRefusal} `sts:claims` */
export function toAssertion(facts: AssertionFacts, judgement: Judgement, settings: SamlSettings): Assertion {
  const values = new Map(facts.attributes.map(({ name, values }) => [name, values]))
  const first = (name: string) => (name === '' ? undefined : values.get(name)?.find((value) => value !== ''))
  const username = first(settings.usernameAttribute) ?? facts.nameId.value
  const email = first(settings.emailAttribute)
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
    ...readAwsAttributes(facts.attributes),
  }
}
