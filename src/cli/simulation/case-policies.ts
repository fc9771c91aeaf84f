/**
 * The policies of a case: each field's documents compiled as the kind that the field stands for, and remembered by
 * their text. Documents may be objects, or JSON text in a string.
 */
import {
  compilePolicy,
  type PolicyDocument,
  type PolicyKind,
  type PolicyProblem,
} from '../../policy/document.js'
import type { PolicyLayers } from '../../policy/evaluate.js'
import type { PolicyLimits } from '../../policy/kind.js'
import { CaseProblem, type CaseError } from './case-problem.js'
import { itemsOf, typeOf } from './json-extents.js'
import { createPolicyMemory } from './policy-memory.js'
import type { CaseFields } from './simulation-case.js'

export interface LayerReader {
  /** @throws {CaseProblem} */
  (fields: CaseFields, action: string): PolicyLayers
}

/** A document alone, a list of them, or a list of levels. */
type Shape = 'document' | 'list' | 'levels'
type PolicyField = 'identityPolicies' | 'resourcePolicy' | 'boundary' | 'sessionPolicies' | 'scps' | 'rcps'
type Levels = readonly (readonly PolicyDocument[])[]
type Outcome =
  { readonly ok: true; readonly levels: Levels } | { readonly ok: false; readonly error: CaseError }

/** As large as the identity service's simulator takes them: a case may be about a policy that is still to be split. */
const simulatedCharacters = 131_072
const limits: PolicyLimits = {
  identity: simulatedCharacters,
  trust: simulatedCharacters,
  resource: simulatedCharacters,
  boundary: simulatedCharacters,
  session: simulatedCharacters,
  'service-control': simulatedCharacters,
  'resource-control': simulatedCharacters,
}

export function createLayerReader(): LayerReader {
  const memory = createPolicyMemory<Outcome>()

  const levelsOf = (
    fields: CaseFields,
    field: PolicyField,
    kind: PolicyKind,
    shape: Shape,
  ): Levels | undefined => {
    const text = fields.get(field)
    if (text === undefined) return undefined
    const outcome = memory.recall(`${field} ${kind}`, text, (own) => compileField(own, field, kind, shape))
    if (outcome.ok) return outcome.levels
    const { code, path, message } = outcome.error
    throw new CaseProblem(code, path, message)
  }

  return (fields, action) => {
    const one = (field: PolicyField, kind: PolicyKind) => levelsOf(fields, field, kind, 'document')?.[0]?.[0]
    const many = (field: PolicyField, kind: PolicyKind) => levelsOf(fields, field, kind, 'list')?.[0]
    const resource = one('resourcePolicy', isAboutTrust(action) ? 'trust' : 'resource')
    const boundary = one('boundary', 'boundary')
    const session = many('sessionPolicies', 'session')
    const serviceControl = levelsOf(fields, 'scps', 'service-control', 'levels')
    const resourceControl = levelsOf(fields, 'rcps', 'resource-control', 'levels')
    return {
      identity: many('identityPolicies', 'identity') ?? [],
      ...(resource && { resource }),
      ...(boundary && { boundary }),
      // A call with an empty list passed no session policy, which restricts nothing.
      ...(session !== undefined && session.length > 0 && { session }),
      ...(serviceControl && { serviceControl }),
      ...(resourceControl && { resourceControl }),
    }
  }
}

/** The actions whose resource policy is a role's trust policy. */
function isAboutTrust(action: string): boolean {
  return /^sts:(?:assumerole.*|tagsession|setsourceidentity|setcontext)$/i.test(action)
}

function compileField(text: string, field: PolicyField, kind: PolicyKind, shape: Shape): Outcome {
  try {
    return { ok: true, levels: readShape(text, `$.${field}`, kind, shape) }
  } catch (cause) {
    if (cause instanceof CaseProblem) return { ok: false, error: cause.detail }
    throw cause
  }
}

function readShape(text: string, path: string, kind: PolicyKind, shape: Shape): Levels {
  if (shape === 'document') return [[readDocument(text, path, kind) ?? []].flat()]
  const items = listIn(text, path, shape === 'list' ? 'policies' : 'levels, each a list of policies')
  if (shape === 'levels') return items.map((level, i) => readShape(level, `${path}[${i}]`, kind, 'list')[0]!)
  return [items.flatMap((item, i) => readDocument(item, `${path}[${i}]`, kind) ?? [])]
}

function listIn(text: string, path: string, what: string): readonly string[] {
  if (typeOf(text) === 'array') return itemsOf(text)
  throw new CaseProblem('DATA_TYPE_MISMATCH', path, `expected a list of ${what}`)
}

/** Undefined for a document that may be there and means nothing. */
function readDocument(text: string, path: string, kind: PolicyKind): PolicyDocument | undefined {
  const type = typeOf(text)
  if (type !== 'object' && type !== 'string') {
    throw new CaseProblem('DATA_TYPE_MISMATCH', path, 'a policy is an object, or JSON text in a string')
  }
  const source = type === 'string' ? (JSON.parse(text) as string) : withEscapes(text)
  const compiled = compilePolicy(source, kind, path.slice(2), limits)
  if (compiled.ok) return compiled.policy
  if (kind === 'resource-control' && isAllowAll(text, compiled.problems)) return undefined
  const [problem] = compiled.problems
  throw new CaseProblem(
    problem?.code ?? 'MALFORMED_POLICY',
    `${path}${problem?.path.slice(1) ?? ''}`,
    problem?.message ?? 'the policy cannot be read',
  )
}

/** An object is a value, not text: whether whoever wrote the line escaped its characters means nothing. */
function withEscapes(text: string): string {
  return text.replace(
    /[^\t\n\r\u0020-\u00ff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * The managed policy that is attached on every level and cannot be detached. It is implied, and the only resource
 * control policy with an Allow; written down it changes nothing.
 */
function isAllowAll(text: string, problems: readonly PolicyProblem[]): boolean {
  if (!problems.every(({ code }) => code.startsWith('RCP_SYNTAX_ERROR_'))) return false
  const policy = JSON.parse(text) as { readonly Statement: unknown }
  const [statement, ...more] = [policy.Statement].flat() as readonly Readonly<Record<string, unknown>>[]
  if (statement === undefined || more.length > 0) return false
  const { Sid: _sid, ...elements } = statement
  return (
    Object.keys(elements).length === 4 &&
    elements['Effect'] === 'Allow' &&
    ['Principal', 'Action', 'Resource'].every((name) => elements[name] === '*')
  )
}
