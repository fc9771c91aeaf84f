/**
 * Reading a JSON body strictly: whatever is missing, of another type or unknown is refused by its path, because a
 * misspelt field that is ignored (`resourcePolcy`) would decide otherwise than was meant.
 */

/** What is wrong with the request; safe to be told. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest'
  readonly path: string
  readonly details: Readonly<Record<string, unknown>>

  /** @param path e.g. `questions[3].action` */
  constructor(path: string, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.path = path
    this.details = details
  }

  /** With the path, for whoever is told. */
  get sentence(): string {
    return this.path === '' ? this.message : `\`${this.path}\` ${this.message}`
  }
}

export interface JsonObject {
  readonly path: string
  has(name: string): boolean
  /** As it stands; null counts as absent. */
  value(name: string): unknown
  text(name: string, rule?: TextRule): string
  optionalText(name: string, rule?: TextRule): string | undefined
  flag(name: string): boolean
  list(name: string, limits: { readonly least: number; readonly most: number }): readonly unknown[]
  object(name: string, known: readonly string[]): JsonObject
  /** @throws {BadRequest} for one of its fields. */
  wrong(name: string, message: string, details?: Readonly<Record<string, unknown>>): BadRequest
}

export interface TextRule {
  /** Characters; 2,048 by default. */
  readonly most?: number
  readonly pattern?: RegExp
  /** What the pattern asks for, e.g. `must be an ARN`. */
  readonly must?: string
}

const mostCharacters = 2_048

/** @throws {BadRequest} */
export function parseJsonObject(body: Buffer, known: readonly string[]): JsonObject {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw new BadRequest('', 'the body is not JSON in UTF-8')
  }
  return jsonObject(value, '', known)
}

/** @throws {BadRequest} unless it is an object with no other than the known fields. */
export function jsonObject(value: unknown, path: string, known: readonly string[]): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BadRequest(path, 'must be an object')
  const fields = new Map<string, unknown>(
    Object.entries(value).filter(([, field]) => field !== null && field !== undefined),
  )
  const at = (name: string): string => (path === '' ? name : `${path}.${name}`)
  for (const name of fields.keys()) {
    if (!known.includes(name)) throw new BadRequest(at(name.slice(0, 64)), 'is not known')
  }
  const wrong: JsonObject['wrong'] = (name, message, details) => new BadRequest(at(name), message, details)

  function optionalText(name: string, rule: TextRule = {}): string | undefined {
    const field = fields.get(name)
    if (field === undefined) return undefined
    const { most = mostCharacters, pattern, must = 'has another form' } = rule
    if (typeof field !== 'string') throw wrong(name, 'must be a text')
    if (field.length > most) throw wrong(name, `may have ${most} characters`)
    if (pattern !== undefined && !pattern.test(field)) throw wrong(name, must)
    return field
  }
  return {
    path,
    has: (name) => fields.has(name),
    value: (name) => fields.get(name),
    optionalText,
    text(name, rule) {
      const field = optionalText(name, rule)
      if (field === undefined) throw wrong(name, 'is missing')
      return field
    },
    flag(name) {
      const field = fields.get(name) ?? false
      if (typeof field !== 'boolean') throw wrong(name, 'must be true or false')
      return field
    },
    list(name, { least, most }) {
      const field = fields.get(name)
      if (field === undefined) throw wrong(name, 'is missing')
      if (!Array.isArray(field) || field.length < least || field.length > most)
        throw wrong(name, `must be a list of ${least} to ${most}`)
      return field
    },
    object: (name, fieldNames) => jsonObject(fields.get(name), at(name), fieldNames),
    wrong,
  }
}
