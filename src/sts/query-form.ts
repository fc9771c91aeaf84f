/**
 * AWS Query parameters, from the query string and the form body.
 *
 * Stricter than AWS where two parsers could disagree about what a signed request says: AWS lets the first of two
 * equal parameters win, here they are refused, wherever they stand and however their letters are cased.
 */
import { isUtf8 } from 'node:buffer'
import { decode } from '../signature/percent-decoding.js'
import { refusal, type Refusal } from './wire-errors.js'

export interface QueryForm {
  get(name: string): string | undefined
  /** Every parameter that was sent, as it was spelled. */
  names(): Iterable<string>
  /** Whether the parameter came in the body; what must not be written to access logs must be there. */
  inBody(name: string): boolean
  /** `Name.member.1` …; an empty list is absent or `Name=`. */
  list(name: string): readonly string[]
  /** `Name.member.1.Key` …: one map per member, with the fields that were sent. */
  structures(name: string): readonly ReadonlyMap<string, string>[]
}

export type ParsedForm =
  { readonly ok: true; readonly form: QueryForm } | { readonly ok: false; readonly refusal: Refusal }

export interface FormSource {
  readonly rawQuery: string
  /** Media type and parameters as received; empty when there was none. */
  readonly contentType: string
  readonly body: Buffer
}

/** Far above what an honest request holds: 50 tags and 50 transitive keys make 150. */
const maxParameters = 1000
const namePattern = /^[A-Za-z0-9_.-]{1,128}$/
/** Presigned requests carry these in the query; they are not parameters of the action. */
const authenticationPrefix = /^x-amz-/i

export function parseForm(source: FormSource): ParsedForm {
  if (source.body.length > 0 && !isFormType(source.contentType))
    return refused(
      'UnsupportedMediaType',
      'The body must be application/x-www-form-urlencoded.',
      'sts:media-type',
    )
  if (!isUtf8(source.body)) return malformed('The body is not valid UTF-8.')
  const query = pairsOf(source.rawQuery)
  const body = pairsOf(source.body.toString('utf8'))
  if (query === undefined || body === undefined) return malformed('A percent escape is not valid.')
  if (query.length + body.length > maxParameters) return malformed('There are too many parameters.')

  const values = new Map<string, string>()
  const folded = new Set<string>()
  const bodyNames = new Set<string>()
  for (const [pairs, isBody] of [
    [query, false],
    [body, true],
  ] as const) {
    for (const [name, value] of pairs) {
      if (!isBody && authenticationPrefix.test(name)) continue
      if (!namePattern.test(name)) return malformed('A parameter name has characters that no parameter has.')
      const key = name.toLowerCase()
      if (folded.has(key))
        return malformed(`The parameter \`${name}\` was sent twice.`, 'sts:duplicate-parameter')
      folded.add(key)
      values.set(name, value)
      if (isBody) bodyNames.add(name)
    }
  }
  const members = groupMembers(values)
  if (members === undefined) return malformed('The members of a list must be numbered from 1 without gaps.')
  return { ok: true, form: formOf(values, bodyNames, members) }
}

const formType = 'application/x-www-form-urlencoded'

function isFormType(contentType: string): boolean {
  if (contentType === formType) return true
  const [mediaType = ''] = contentType.split(';', 1)
  return mediaType.trim().toLowerCase() === formType
}

/** @returns undefined when a percent escape is broken or does not make UTF-8. */
function pairsOf(text: string): readonly (readonly [name: string, value: string])[] | undefined {
  const pairs: (readonly [string, string])[] = []
  for (const part of text.split('&', maxParameters + 1)) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = decode(equals < 0 ? part : part.slice(0, equals))
    const value = equals < 0 ? '' : decode(part.slice(equals + 1))
    if (name === undefined || value === undefined) return undefined
    pairs.push([name, value])
  }
  return pairs
}

type Members = ReadonlyMap<string, readonly ReadonlyMap<string, string>[]>

/** `Tags.member.2.Key` → list `Tags`, position 2, field `Key`; the field of a plain item is empty. */
function groupMembers(values: ReadonlyMap<string, string>): Members | undefined {
  const lists = new Map<string, Map<number, Map<string, string>>>()
  for (const [name, value] of values) {
    if (!name.includes('.member.')) continue
    const match = /^([^.]+)\.member\.([^.]*)(?:\.(.+))?$/.exec(name)
    if (match === null) continue
    const [, list = '', position = '', field = ''] = match
    if (!/^[1-9]\d{0,3}$/.test(position)) return undefined
    const items = lists.get(list) ?? new Map<number, Map<string, string>>()
    const item = items.get(Number(position)) ?? new Map<string, string>()
    lists.set(list, items.set(Number(position), item.set(field, value)))
  }
  const members = new Map<string, readonly ReadonlyMap<string, string>[]>()
  for (const [list, items] of lists) {
    const ordered = [...items].sort(([one], [other]) => one - other)
    if (ordered.some(([position], index) => position !== index + 1)) return undefined
    members.set(
      list,
      ordered.map(([, item]) => item),
    )
  }
  return members
}

function formOf(
  values: ReadonlyMap<string, string>,
  bodyNames: ReadonlySet<string>,
  members: Members,
): QueryForm {
  const structures = (name: string) => members.get(name) ?? []
  return {
    get: (name) => values.get(name),
    names: () => values.keys(),
    inBody: (name) => bodyNames.has(name),
    list: (name) => structures(name).map((item) => item.get('') ?? ''),
    structures,
  }
}

function malformed(message: string, reason = 'sts:query-string'): ParsedForm {
  return refused('MalformedQueryString', message, reason)
}

function refused(code: Refusal['code'], message: string, reason: string): ParsedForm {
  return { ok: false, refusal: refusal(code, message, reason) }
}
