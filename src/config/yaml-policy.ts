/**
 * A policy in YAML, with the names that JSON has → the same compiled policy, and problems at the YAML's own lines and
 * columns. The language itself belongs to `policy/`, YAML's own rules to `source-document.ts`.
 */
import { compilePolicyNode, type CompiledPolicy, type PolicyKind } from '../policy/document.js'
import { awsLimits, type PolicyLimits } from '../policy/kind.js'
import { parseNodes, type SourceFault } from './source-document.js'

/**
 * YAML text → a compiled policy, or every problem at once. Never throws.
 *
 * A value that YAML reads as a number keeps its spelling, as in JSON; sizes count what the document has as JSON.
 */
export function compileYamlPolicy(
  text: string,
  kind: PolicyKind,
  name: string,
  limits: PolicyLimits = awsLimits,
): CompiledPolicy {
  const body = text.replace(/^\uFEFF/, '')
  const parsed = parseNodes('policy.yaml', body)
  if (parsed.ok) return compilePolicyNode(parsed.node, body, kind, name, limits)
  return { ok: false, problems: parsed.faults.map(problemOf) }
}

function problemOf({ line, column, path, message }: SourceFault) {
  const steps = path.map((step) => (typeof step === 'number' ? `[${step}]` : `[${JSON.stringify(step)}]`))
  return {
    code: 'YAML_SYNTAX_ERROR',
    path: `$${steps.join('')}`,
    message,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  }
}
