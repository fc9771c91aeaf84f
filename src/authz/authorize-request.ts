/**
 * The body of `POST /v1/authorize` → what is asked. Everything is checked before anything is looked up; what the limits
 * bound is the work that one call can cause.
 */
import { isIP } from 'node:net'
import type { ContextValue } from '../policy/context.js'
import { accountOf, isAccountId, parseArn } from '../policy/arn.js'
import type { ReceivedRequest } from '../signature/canonical-request.js'
import type { AccessQuestion, AccessRequest, SignedBody } from './access.js'
import { ownServices } from './client-authentication.js'
import { contextKeyProblem } from './context-keys.js'
import { BadRequest, jsonObject, parseJsonObject, type JsonObject } from './json-reading.js'
import type { ResourcePolicies } from './resource-policies.js'

const requestFields = ['method', 'path', 'query', 'url', 'headers', 'payloadHash', 'allowUnsignedPayload']
const questionFields = ['action', 'resource', 'resourceAccount', 'resourcePolicy', 'context']
const topFields = [
  'service',
  'hosts',
  'sourceIp',
  'secureTransport',
  'questions',
  'request',
  ...questionFields,
]
const most = { hosts: 20, headers: 200, questions: 100, contextKeys: 100, values: 100, value: 1_024 }
const actionPattern = /^[a-z][a-z0-9-]{0,63}:[A-Za-z][A-Za-z0-9]{0,63}$/
const hostPattern = /^(?:[a-z0-9._-]{1,255}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/

/**
 * @param account of the resource server: owner of resources whose ARN names no account.
 * @throws {BadRequest}
 */
export function parseAuthorizeRequest(
  body: Buffer,
  account: string,
  policies: ResourcePolicies,
): AccessRequest {
  return readAuthorizeRequest(parseJsonObject(body, topFields), account, policies)
}

/**
 * The same for a question that was asked within one process.
 * @throws {BadRequest}
 */
export function authorizeQuestion(
  question: object,
  account: string,
  policies: ResourcePolicies,
): AccessRequest {
  return readAuthorizeRequest(jsonObject(question, '', topFields), account, policies)
}

function readAuthorizeRequest(top: JsonObject, account: string, policies: ResourcePolicies): AccessRequest {
  const service = top.text('service', { most: 64, pattern: /^[a-z0-9-]+$/, must: 'must be a signing name' })
  if (ownServices.has(service)) throw top.wrong('service', 'is Rolegate itself')
  const sourceIp = top.text('sourceIp', { most: 64 })
  if (isIP(sourceIp) === 0) throw top.wrong('sourceIp', 'must be an IP address')
  const shown = top.object('request', requestFields)
  return {
    service,
    hosts: top.list('hosts', { least: 1, most: most.hosts }).map((host) => {
      if (typeof host !== 'string' || !hostPattern.test(host.toLowerCase()))
        throw top.wrong('hosts', 'must be host names, with `:port` when it is not the scheme’s own')
      return host.toLowerCase()
    }),
    request: readRequest(shown),
    body: readBody(shown),
    sourceIp,
    secureTransport: top.flag('secureTransport'),
    questions: readQuestions(top, account, policies),
    several: top.has('questions'),
  }
}

/** Either the parts, or the URL of a presigned request, whose host counts as the `Host` header. */
function readRequest(shown: JsonObject): ReceivedRequest {
  const method = shown.text('method', { pattern: /^[A-Z]{1,32}$/, must: 'must be a method in capitals' })
  const headers = shown.has('headers') ? readHeaders(shown) : []
  const url = shown.optionalText('url', { most: 16_384 })
  if (url === undefined) {
    return {
      method,
      rawPath: shown.text('path', {
        most: 8_192,
        pattern: /^\/[^?#\s]*$/,
        must: 'must be a path as it was sent',
      }),
      rawQuery: shown.optionalText('query', { most: 16_384, pattern: /^[^#\s]*$/ }) ?? '',
      headers,
    }
  }
  if (shown.has('path') || shown.has('query')) throw shown.wrong('url', 'stands for `path` and `query`')
  const [, host = '', rawPath = '', rawQuery = ''] =
    /^https?:\/\/([^/?#\s@]+)(\/[^?#\s]*)?(?:\?([^#\s]*))?$/i.exec(url) ?? []
  if (host === '') throw shown.wrong('url', 'must be an http or https URL as it was called')
  if (headers.some(([name]) => name === 'host')) throw shown.wrong('url', 'stands for the header `host`')
  return { method, rawPath: rawPath === '' ? '/' : rawPath, rawQuery, headers: [['host', host], ...headers] }
}

/** Pairs in the order of the wire, or an object as `node:http` and most frameworks have it. */
function readHeaders(shown: JsonObject): ReceivedRequest['headers'] {
  const given = shown.value('headers')
  const entries: readonly unknown[] = Array.isArray(given)
    ? given
    : typeof given === 'object' && given !== null
      ? Object.entries(given)
      : []
  const problem = shown.wrong(
    'headers',
    'must be pairs of name and value, or an object of texts or lists of texts',
  )
  if (typeof given !== 'object') throw problem
  const pairs = entries.flatMap((entry): [string, string][] => {
    if (!Array.isArray(entry) || entry.length !== 2) throw problem
    const [name, value] = entry as readonly unknown[]
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (typeof name !== 'string') throw problem
    return values.map((one) => {
      if (typeof one !== 'string') throw problem
      return [name.toLowerCase(), one]
    })
  })
  if (pairs.length > most.headers) throw shown.wrong('headers', `may be ${most.headers}`)
  return pairs
}

function readBody(shown: JsonObject): SignedBody {
  const allowUnsigned = shown.flag('allowUnsignedPayload')
  const sha256 = shown.optionalText('payloadHash', {
    pattern: /^[0-9a-f]{64}$/,
    must: 'must be the SHA-256 of the body in lower-case hex, or null when the body was not read',
  })
  if (sha256 === undefined) return { type: 'declared', allowUnsigned }
  if (allowUnsigned) throw shown.wrong('allowUnsignedPayload', 'makes no sense where the body was read')
  return { type: 'hashed', sha256 }
}

function readQuestions(
  top: JsonObject,
  account: string,
  policies: ResourcePolicies,
): readonly AccessQuestion[] {
  if (!top.has('questions')) return [readQuestion(top, account, policies)]
  const alone = questionFields.find((name) => top.has(name))
  if (alone !== undefined) throw top.wrong(alone, 'belongs into `questions`')
  return top
    .list('questions', { least: 1, most: most.questions })
    .map((question, index) =>
      readQuestion(jsonObject(question, `questions[${index}]`, questionFields), account, policies),
    )
}

function readQuestion(asked: JsonObject, account: string, policies: ResourcePolicies): AccessQuestion {
  const action = asked.text('action', {
    pattern: actionPattern,
    must: 'must be an action such as `reports:Read`',
  })
  if (ownServices.has(action.slice(0, action.indexOf(':'))))
    throw asked.wrong('action', 'is an action of Rolegate itself')
  const resource = asked.text('resource')
  const arn = parseArn(resource)
  if (arn === undefined || arn.resource === '') throw asked.wrong('resource', 'must be an ARN')
  const resourceAccount = asked.optionalText('resourceAccount') ?? accountOf(resource) ?? account
  if (!isAccountId(resourceAccount)) throw asked.wrong('resourceAccount', 'must be 12 digits')
  if (arn.account !== '' && arn.account !== resourceAccount)
    throw asked.wrong('resourceAccount', 'is not the account that the ARN names')
  const question = { action, resource, resourceAccount, context: readContext(asked) }
  if (!asked.has('resourcePolicy')) return question
  const compiled = policies.compile(asked.value('resourcePolicy'))
  if (!compiled.ok)
    throw asked.wrong('resourcePolicy', 'is not a resource policy', {
      problems: compiled.problems.slice(0, 20),
    })
  return { ...question, resourcePolicy: compiled.policy }
}

function readContext(asked: JsonObject): ReadonlyMap<string, ContextValue> {
  const keys = new Map<string, ContextValue>()
  if (!asked.has('context')) return keys
  const given = asked.value('context')
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw asked.wrong('context', 'must be an object of condition keys')
  const entries = Object.entries(given)
  if (entries.length > most.contextKeys) throw asked.wrong('context', `may have ${most.contextKeys} keys`)
  for (const [key, value] of entries) {
    const name = `context.${key.slice(0, 128)}`
    const problem = contextKeyProblem(key)
    if (problem !== undefined) throw asked.wrong(name, problem)
    if (keys.has(key.toLowerCase())) throw asked.wrong(name, 'is there twice, in other letter case')
    keys.set(
      key.toLowerCase(),
      readValue(value, () => asked.wrong(name, valueRule)),
    )
  }
  return keys
}

const valueRule = `must be a text, a number, true or false, or a list of up to ${most.values} of these; a text may have ${most.value} characters`

function readValue(value: unknown, problem: () => BadRequest): ContextValue {
  if (!Array.isArray(value)) return readSingle(value, problem)
  if (value.length > most.values) throw problem()
  return value.map((one) => readSingle(one, problem))
}

function readSingle(value: unknown, problem: () => BadRequest): string {
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  if (typeof value !== 'string' || value.length > most.value) throw problem()
  return value
}
