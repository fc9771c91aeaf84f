/** The value of a configured attribute, for every kind of provider alike. */
import { Fault } from '../fault.js'
import type { ContextValue } from '../policy/context.js'
import type { ProviderKind } from './assertion.js'
import type { AttributeMapping } from './settings.js'

/**
 * As a condition key: one declared as a list is always multivalued, any other has exactly one value.
 *
 * Two values for a single-valued key are refused, not turned into a list: operators without `ForAnyValue:` match
 * nothing of a list, in a Deny either, so that a second value, which many directories let people add, would open what
 * the first one closes.
 * @returns undefined when there is no value.
 * @throws {Fault} as `onlyValue`.
 */
export function mappedValue(
  kind: ProviderKind,
  { from, list }: AttributeMapping,
  values: readonly string[],
): ContextValue | undefined {
  if (!list) return onlyValue(kind, from, values, '; map it with `list: true` if that is meant')
  return values.length === 0 ? undefined : values
}

/**
 * @param advice for the operator, after the sentence that counts the values.
 * @returns undefined when there is no value.
 * @throws {Fault} `InvalidAssertion`, reason `<kind>:attribute-values`, when there are two different ones; the cause
 * names the attribute.
 */
export function onlyValue(
  kind: ProviderKind,
  from: string,
  values: readonly string[],
  advice = '',
): string | undefined {
  const distinct = new Set(values)
  if (distinct.size > 1) {
    throw new Fault('InvalidAssertion', 'what the identity provider says about this account is ambiguous', {
      reason: `${kind}:attribute-values`,
      cause: new Error(`attribute ${from} has ${distinct.size} values${advice}`),
    })
  }
  return values[0]
}
