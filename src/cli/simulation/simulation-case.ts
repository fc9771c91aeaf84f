/**
 * One line of cases → a request and the policies that apply to it, or why it cannot be judged. Everything a case says
 * is taken as it stands: nothing is derived from the principal, and nothing it says is overlooked.
 */
import { suggestion } from '../../config/nearest-name.js'
import { isAccountId, parseArn } from '../../policy/arn.js'
import type { ContextValue, RequestContext } from '../../policy/context.js'
import type { AuthorizationRequest, PolicyLayers } from '../../policy/evaluate.js'
import type { Principal } from '../../policy/principal.js'
import { CaseProblem } from './case-problem.js'
import { createLayerReader, type LayerReader } from './case-policies.js'
import { principalOf } from './case-principal.js'
import { membersOf, typeOf } from './json-extents.js'

export interface SimulationCase {
  readonly request: AuthorizationRequest
  readonly layers: PolicyLayers
}

/** What a case may say. */
export const caseFields = [
  'name',
  'principal',
  'action',
  'resource',
  'resourceAccount',
  'context',
  'identityPolicies',
  'resourcePolicy',
  'boundary',
  'sessionPolicies',
  'scps',
  'rcps',
  'federatingUser',
] as const

type Field = (typeof caseFields)[number]
/** The values as written. */
export type CaseFields = ReadonlyMap<Field, string>

export interface CaseReader {
  /** @throws {CaseProblem} */
  fields(line: string): CaseFields
  /** @throws {CaseProblem} */
  read(fields: CaseFields): SimulationCase
}

/** Remembers compiled policies from line to line, within bounds. */
export function createCaseReader(): CaseReader {
  const layers = createLayerReader()
  return { fields: fieldsOf, read: (fields) => readCase(fields, layers) }
}

/** The case's name, for the answer; undefined when it has none that is text. */
export function nameIn(fields: CaseFields): string | undefined {
  const written = fields.get('name')
  return written !== undefined && typeOf(written) === 'string' ? (JSON.parse(written) as string) : undefined
}

function fieldsOf(line: string): CaseFields {
  try {
    JSON.parse(line)
  } catch (cause) {
    throw new CaseProblem('JSON_SYNTAX_ERROR', '$', `the line is not JSON: ${syntaxFault(cause)}`)
  }
  const text = line.trim()
  if (typeOf(text) !== 'object') {
    throw new CaseProblem('DATA_TYPE_MISMATCH', '$', 'a case is an object')
  }
  const fields = new Map<Field, string>()
  let problem: CaseProblem | undefined
  for (const { name, text: value } of membersOf(text)) {
    if (!isField(name)) problem ??= unknownField(name)
    else if (fields.has(name))
      problem ??= new CaseProblem('DUPLICATE_MEMBER', `$.${name}`, `\`${name}\` is given twice`)
    else fields.set(name, value)
  }
  if (problem === undefined) return fields
  const { code, path, message } = problem.detail
  throw new CaseProblem(code, path, message, nameIn(fields))
}

function readCase(fields: CaseFields, reader: LayerReader): SimulationCase {
  textIn(fields, 'name')
  const principal = readPrincipal(fields)
  const action = required(fields, 'action')
  if (!/^[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+$/.test(action)) {
    throw new CaseProblem('INVALID_ACTION', '$.action', 'an action is `service:Name`, without wildcards')
  }
  const resource = required(fields, 'resource')
  if (resource !== '*' && parseArn(resource) === undefined) {
    throw new CaseProblem('INVALID_RESOURCE', '$.resource', 'a resource is an ARN of six parts, or `*`')
  }
  return {
    request: {
      principal,
      action,
      resource,
      resourceAccount: resourceAccountOf(fields, resource, principal),
      context: readContext(fields.get('context')),
    },
    layers: reader(fields, action),
  }
}

function readPrincipal(fields: CaseFields): Principal {
  const principal = principalOf(required(fields, 'principal'))
  if (typeof principal === 'string') throw new CaseProblem('INVALID_PRINCIPAL', '$.principal', principal)
  const federatingUser = textIn(fields, 'federatingUser')
  if (federatingUser === undefined) return principal
  const path = '$.federatingUser'
  if (principal.type !== 'federated-user') {
    const message = '`federatingUser` belongs to a federated user: the principal is none'
    throw new CaseProblem('UNEXPECTED_FIELD', path, message)
  }
  const user = principalOf(federatingUser)
  if (typeof user === 'string' || (user.type !== 'user' && user.type !== 'root')) {
    throw new CaseProblem(
      'INVALID_PRINCIPAL',
      path,
      'the federating user is the ARN of a user or an account root',
    )
  }
  return { ...principal, federatingUser }
}

/** Where the case does not say: the account in the resource's ARN, or else the caller's own. */
function resourceAccountOf(fields: CaseFields, resource: string, principal: Principal): string {
  const said = textIn(fields, 'resourceAccount')
  if (said !== undefined) {
    if (isAccountId(said)) return said
    throw new CaseProblem('INVALID_ACCOUNT', '$.resourceAccount', 'an account is 12 digits')
  }
  const account = parseArn(resource)?.account ?? ''
  if (isAccountId(account)) return account
  return 'account' in principal ? principal.account : ''
}

function readContext(text: string | undefined): RequestContext {
  const context = new Map<string, ContextValue>()
  if (text === undefined) return context
  if (typeOf(text) !== 'object') {
    throw new CaseProblem('DATA_TYPE_MISMATCH', '$.context', 'the context is an object of keys and values')
  }
  for (const { name, text: written } of membersOf(text)) {
    const key = name.toLowerCase()
    const path = `$.context[${JSON.stringify(name)}]`
    if (context.has(key)) {
      throw new CaseProblem(
        'DUPLICATE_MEMBER',
        path,
        `the key \`${name}\` is given twice; case does not count`,
      )
    }
    const value: unknown = JSON.parse(written)
    if (
      typeof value !== 'string' &&
      !(Array.isArray(value) && value.every((one) => typeof one === 'string'))
    ) {
      const message = 'a context value is a string, or a list of strings for a multivalued key'
      throw new CaseProblem('DATA_TYPE_MISMATCH', path, message)
    }
    context.set(key, value)
  }
  return context
}

function required(fields: CaseFields, field: Field): string {
  const text = textIn(fields, field)
  if (text === undefined) throw new CaseProblem('MISSING_FIELD', `$.${field}`, `a case needs \`${field}\``)
  return text
}

function textIn(fields: CaseFields, field: Field): string | undefined {
  const written = fields.get(field)
  if (written === undefined) return undefined
  if (typeOf(written) !== 'string') {
    throw new CaseProblem('DATA_TYPE_MISMATCH', `$.${field}`, `\`${field}\` is text`)
  }
  return JSON.parse(written) as string
}

function isField(name: string): name is Field {
  return (caseFields as readonly string[]).includes(name)
}

function unknownField(name: string): CaseProblem {
  const shown = name.length <= 80 ? name : `${name.slice(0, 77)}...`
  const message = `there is no field \`${shown}\`; ${suggestion(name, caseFields)}`
  const path = /^[A-Za-z_]\w*$/.test(shown) ? `$.${shown}` : `$[${JSON.stringify(shown)}]`
  return new CaseProblem('UNKNOWN_FIELD', path, message)
}

/** The engine's own words would quote the line. */
function syntaxFault(cause: unknown): string {
  const position = /at position (\d+)/.exec(String(cause))?.[1]
  if (position !== undefined) return `it breaks off at character ${Number(position) + 1}`
  return String(cause).includes('Unexpected end') ? 'it ends too early' : 'it cannot be read'
}
