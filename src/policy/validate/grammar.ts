/**
 * The checks that are the compiler's: everything it refuses, under the published name where there is one. What is
 * published as something milder than an error, or not at all, is refused under a name of our own.
 */
import type { PolicyKind, PolicyProblem } from '../document.js'
import type { Check } from './check.js'
import { pathHas, type Place } from './location.js'
import type { ProblemView } from './policy-view.js'

const codes = [
  'JSON_SYNTAX_ERROR',
  'DATA_TYPE_MISMATCH',
  'INVALID_POLICY_ELEMENT',
  'INVALID_VERSION',
  'MISSING_STATEMENT',
  'MISSING_EFFECT',
  'INVALID_EFFECT',
  'MISSING_ACTION',
  'MISSING_RESOURCE',
  'MISSING_PRINCIPAL',
  'UNSUPPORTED_PRINCIPAL',
  'UNSUPPORTED_ELEMENT_COMBINATION',
  'UNIQUE_SIDS_REQUIRED',
  'UNSUPPORTED_SID',
  'INVALID_ARN_PREFIX',
  'MISSING_ARN_FIELD',
  'INVALID_CONDITION_OPERATOR',
  'INVALID_CONDITION_KEY_FORMAT',
  'DUPLICATE_KEYS_WITH_DIFFERENT_CASE',
  'NULL_WITH_IF_EXISTS',
  'MISSING_BRACE_IN_VARIABLE',
  'MISSING_QUOTE_IN_VARIABLE',
  'UNSUPPORTED_SPACE_IN_VARIABLE',
  'UNSUPPORTED_SYMBOL_IN_VARIABLE',
  'EMPTY_VARIABLE',
  'INVALID_VARIABLE_FOR_OPERATOR',
  'VARIABLE_UNSUPPORTED_IN_ELEMENT',
  'INVALID_PRINCIPAL_FORMAT',
  'INVALID_PRINCIPAL_KEY',
  'UNSUPPORTED_WILDCARD_IN_PRINCIPAL',
  'FEDERATED_PRINCIPAL_NOT_SUPPORTED',
  'INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY',
  'ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL',
  'ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE',
  'SCP_SYNTAX_ERROR_PRINCIPAL',
  'RCP_SYNTAX_ERROR_PRINCIPAL',
  'RCP_SYNTAX_ERROR_ALLOW',
  'RCP_SYNTAX_ERROR_NOTACTION',
  'RCP_SYNTAX_ERROR_ACTION',
  'ROLEGATE_REFUSED',
] as const

/** These also have other finders, elsewhere in the table. */
const shared = ['INVALID_ACTION'] as const

const known: ReadonlySet<string> = new Set([...codes, ...shared])

export const grammarChecks: readonly Check[] = codes.map((code) => ({
  code,
  type: 'ERROR',
  find: (policy) => foundByCompiler(policy.problems.get(code)),
}))

export function foundByCompiler(problems: readonly ProblemView[] | undefined = []) {
  return problems.map(({ place, message }) => ({ details: sentence(message), places: [place] }))
}

/** The published name of a compiler's problem. */
export function publishedCode(problem: PolicyProblem, kind: PolicyKind, place: Place): string {
  switch (problem.code) {
    case 'DUPLICATE_MEMBER':
    case 'INVALID_CHARACTER':
    case 'NESTED_TOO_DEEP':
    case 'UNREADABLE_VALUE':
      return 'JSON_SYNTAX_ERROR'
    case 'UNSUPPORTED_PRINCIPAL':
      return kind === 'service-control' ? 'SCP_SYNTAX_ERROR_PRINCIPAL' : problem.code
    case 'INVALID_PRINCIPAL_FORMAT':
    case 'UNSUPPORTED_WILDCARD_IN_PRINCIPAL':
      return kind === 'trust' && pathHas(place, 'Federated')
        ? 'INVALID_FEDERATED_PRINCIPAL_SYNTAX_IN_ROLE_TRUST_POLICY'
        : problem.code
    default:
      return known.has(problem.code) ? problem.code : 'ROLEGATE_REFUSED'
  }
}

/** The compiler starts in lower case and leaves the full stop out. */
export function sentence(message: string): string {
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}.`
}
