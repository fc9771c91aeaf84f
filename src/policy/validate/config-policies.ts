/**
 * The validator over all policies of a configuration, wherever they were written. Knows no files: whoever read the
 * configuration says what each policy is called and turns paths back into lines.
 */
import type { PolicyKind } from '../document.js'
import type { Finding, PathElement } from './finding.js'
import { type ValidateOptions, validatePolicy } from './validate.js'

export interface ConfigPolicy {
  readonly kind: PolicyKind
  /** JSON text, or the value that YAML gave; of a value the findings' paths count, their spans are in text that nobody wrote. */
  readonly source: unknown
}

export interface PolicyFinding<P extends ConfigPolicy> {
  readonly policy: P
  readonly finding: Finding
  /** Member names and indexes down to the first location's value, as in a configuration path. */
  readonly path: readonly (string | number)[]
  /** 1-based, within the policy; absent when the source is no text. */
  readonly line?: number
  /** Whether `rolegate check --strict` fails on it: an error, or a security warning in a trust policy. */
  readonly failsStrict: boolean
}

/** Every finding about every policy, in order. Never throws. */
export function validateConfigPolicies<P extends ConfigPolicy>(
  policies: Iterable<P>,
  options: ValidateOptions = {},
): readonly PolicyFinding<P>[] {
  const found: PolicyFinding<P>[] = []
  for (const policy of policies) {
    const written = typeof policy.source === 'string'
    for (const finding of validatePolicy(textOf(policy.source), policy.kind, options)) {
      const line = written ? finding.locations[0]?.span.start.line : undefined
      found.push({
        policy,
        finding,
        path: (finding.locations[0]?.path ?? []).flatMap(stepOf),
        ...(line === undefined ? {} : { line }),
        failsStrict: failsStrict(finding, policy.kind),
      })
    }
  }
  return found
}

function failsStrict({ findingType }: Finding, kind: PolicyKind): boolean {
  return findingType === 'ERROR' || (findingType === 'SECURITY_WARNING' && kind === 'trust')
}

function stepOf(element: PathElement): readonly (string | number)[] {
  if ('value' in element) return [element.value]
  if ('key' in element) return [element.key]
  return 'index' in element ? [element.index] : []
}

/** The language takes Latin-1 only; a parsed value may hold what its author could have escaped. */
function textOf(source: unknown): string {
  if (typeof source === 'string') return source
  try {
    const text: string | undefined = JSON.stringify(source)
    return (text ?? '').replace(
      /[^\t\n\r\u0020-\u00ff]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
  } catch {
    // Cycles and the like: no JSON, which is then what the finding says.
    return ''
  }
}
