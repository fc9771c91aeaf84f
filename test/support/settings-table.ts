/** The rows of docs/configuration.md's tables, made from a JSON Schema: a field that is not documented has no row there. */

interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly enum?: readonly unknown[]
  readonly const?: string
  readonly pattern?: string
  readonly allOf?: readonly Schema[]
  readonly additionalProperties?: Schema | boolean
  readonly default?: unknown
  readonly description?: string
  readonly $ref?: string
}

/** One Markdown row per field, in the order of the schema; alternatives that share a field share its row. */
export function settingsRows(schema: Schema): readonly string[] {
  const rows = new Map<string, string>()
  collect(schema, '', rows)
  return [...rows.values()]
}

function collect(schema: Schema, path: string, rows: Map<string, string>): void {
  for (const alternative of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])])
    collect(alternative, path, rows)
  if (schema.items !== undefined) collect(schema.items, `${path}[]`, rows)
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    if (name === '$schema') continue
    const at = path === '' ? name : `${path}.${name}`
    const required = schema.required?.includes(name) === true
    const row = `| \`${at}\` | ${typeOf(field)} | ${required ? 'required' : defaultOf(field)} | ${(field.description ?? '').replaceAll('|', '\\|')} |`
    rows.set(rows.has(at) ? row : at, row)
    collect(field, at, rows)
  }
}

function defaultOf({ default: value }: Schema): string {
  if (value === undefined || JSON.stringify(value) === '{}') return ''
  if (value === '') return 'empty'
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return `\`${schema.const}\``
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(', ')
  const patterns = [schema.pattern ?? '', ...(schema.allOf ?? []).map(({ pattern }) => pattern ?? '')].join()
  if (patterns.includes('env:')) return 'secret'
  if (schema.$ref !== undefined) return 'unit'
  const alternatives = schema.anyOf ?? schema.oneOf
  if (alternatives?.some(({ pattern }) => pattern?.includes('ms)?$') === true) === true) return 'duration'
  if (alternatives !== undefined) {
    return [...new Set(alternatives.filter((one) => one.const !== '').map(typeOf))].join(' or ')
  }
  if (schema.type === 'array') return `list of ${typeOf(schema.items ?? {})}`
  if (schema.type === 'object') return schema.properties === undefined ? 'names and values' : 'fields'
  return words[String(schema.type)] ?? String(schema.type ?? 'any')
}

const words: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: '`true`, `false`',
  integer: 'number',
}
