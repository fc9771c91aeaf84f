/**
 * A policy's text → everything about it that a reviewer would say. Whether it compiles is the compiler's answer, given
 * here as `ERROR` findings; the checks beyond that are in the files of this folder, one record each.
 */
import { compilePolicy, type PolicyKind, type PolicyProblem } from '../document.js'
import { parseJsonText } from '../json-text.js'
import type { JsonNode } from '../json-node.js'
import { awsLimits, kindRules, type PolicyLimits } from '../kind.js'
import { checks } from './checks.js'
import type { Finding, FindingType, Location } from './finding.js'
import { publishedCode, sentence } from './grammar.js'
import { createLocator, locationAt, type Locator, offsetOf } from './location.js'
import { type PolicyView, type ProblemView, viewStatements } from './policy-view.js'
import { awsQuotas, sizeCheckOf } from './size.js'

export interface ValidateOptions {
  /** Characters per kind above which a finding says so; AWS's, `awsQuotas`, unless given. */
  readonly quotas?: PolicyLimits
}

/** Longer texts are answered with their size alone, as the compiler refuses them unread. */
const longestText = 1_048_576

/**
 * @returns the findings in the order of the text. Without an `ERROR` the document compiles, size limits apart, which
 *   are findings of their own; most errors, but not all, keep it from compiling. Never throws. Says nothing about
 *   which actions, keys, principals or resources exist, except for those of STS and IAM.
 */
export function validatePolicy(
  text: string,
  kind: PolicyKind,
  options: ValidateOptions = {},
): readonly Finding[] {
  const quota = (options.quotas ?? awsQuotas)[kind]
  if (text.length > longestText) {
    const { code, type } = sizeCheckOf(kind)
    const details = `The document has more than ${longestText} characters and was not read.`
    const whole = {
      path: [],
      span: { ...locationAt(text, 0).span, end: locationAt(text, text.length).span.end },
    }
    return [finding('ERROR', type === 'ERROR' ? code : 'ROLEGATE_REFUSED', details, [whole])]
  }
  const parsed = parseJsonText(text)
  if (!parsed.ok) {
    return [finding('ERROR', 'JSON_SYNTAX_ERROR', sentence(parsed.message), [locationAt(text, parsed.at)])]
  }
  const locator = createLocator(text, parsed.node)
  const characters = kindRules[kind].countsWhiteSpace ? text.length : parsed.characters
  const policy: PolicyView = {
    kind,
    characters,
    quota,
    ...viewStatements(parsed.node),
    problems: problemsOf(text, kind, locator, parsed.node),
  }
  return runChecks(policy, locator)
}

function runChecks(policy: PolicyView, locator: Locator): readonly Finding[] {
  const findings: Finding[] = []
  for (const { code, type, kinds, find } of checks) {
    if (kinds?.includes(policy.kind) === false) continue
    for (const { details, places } of find(policy)) {
      findings.push(finding(type, code, details, places.map(locator.locate)))
    }
  }
  return findings.sort((a, b) => offset(a) - offset(b))
}

function problemsOf(
  text: string,
  kind: PolicyKind,
  locator: Locator,
  root: JsonNode,
): ReadonlyMap<string, readonly ProblemView[]> {
  const views = new Map<string, ProblemView[]>()
  // Size has checks of its own, with other numbers.
  const compiled = compilePolicy(text, kind, 'the policy', { ...awsLimits, [kind]: Number.MAX_SAFE_INTEGER })
  if (compiled.ok) return views
  const toOffset = offsetOf(text)
  for (const problem of compiled.problems) {
    const place = locator.placeAt(offsetIn(problem, toOffset, root))
    const code = publishedCode(problem, kind, place)
    const known = views.get(code)
    const view = { place, message: problem.message }
    if (known === undefined) views.set(code, [view])
    else known.push(view)
  }
  return views
}

function offsetIn(
  { line, column }: PolicyProblem,
  toOffset: (line: number, column: number) => number,
  root: JsonNode,
): number {
  return line === undefined || column === undefined ? root.at : toOffset(line, column)
}

function finding(
  findingType: FindingType,
  issueCode: string,
  findingDetails: string,
  locations: readonly Location[],
): Finding {
  return { findingType, issueCode, findingDetails, locations }
}

function offset({ locations }: Finding): number {
  return locations[0]?.span.start.offset ?? 0
}
