/** What a statement's conditions rule out: which keys must be there, with a value that the policy names. */
import type { ConditionView, StatementView } from './policy-view.js'

/**
 * Keys (in lower case) that some condition compares positively, so that a request without them, or with just any
 * value, does not get past.
 */
export function restrictingKeys({ conditions }: StatementView): ReadonlySet<string> {
  return new Set(conditions.filter(restricts).map(({ key }) => key))
}

export function restricts(condition: ConditionView): boolean {
  const { operator, negated, values } = condition
  if (negated || operator.ifExists || operator.base === 'Null' || operator.over === 'ForAllValues')
    return false
  return values.length > 0 && !values.some(({ text }) => isAnything(text, operator.base))
}

/** Keys that the statement demands to be present, whatever their value. */
export function demandedKeys({ conditions }: StatementView): ReadonlySet<string> {
  const keys = new Set<string>()
  for (const { operator, negated, key, values } of conditions) {
    const present =
      operator.base === 'Null'
        ? operator.over === 'one' &&
          values.length > 0 &&
          values.every(({ text }) => text.toLowerCase() === 'false')
        : !negated && !operator.ifExists && operator.over !== 'ForAllValues'
    if (present) keys.add(key)
  }
  return keys
}

function isAnything(text: string, base: string): boolean {
  if (base === 'IpAddress') return text === '0.0.0.0/0' || text === '::/0'
  return /^(?:StringLike|Arn)/.test(base) && /^[*?:]+$/.test(text) && text.includes('*')
}
