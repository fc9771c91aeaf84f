/**
 * Distinguished names as text (RFC 4514): escaping a value into one, and deciding whether one lies under another.
 * Comparison folds case, width and repeated spaces as caseIgnoreMatch does; it knows no schema, so two spellings of
 * an attribute type (name and OID) count as different, which refuses and never admits.
 */
interface Part {
  readonly type: string
  readonly value: string
}

/** Outermost last, as written. */
export type DistinguishedName = readonly (readonly Part[])[]

/** A value made safe inside a DN, e.g. for `uid={username},ou=people,dc=example,dc=com` (RFC 4514 section 2.4). */
export function escapeDnValue(value: string): string {
  const characters = value.match(/./gsu) ?? []
  return characters
    .map((character, index) => {
      const edge = index === 0 ? '# ' : index === characters.length - 1 ? ' ' : ''
      if ('\\"+,;<=>'.includes(character) || edge.includes(character)) return `\\${character}`
      return /\p{Cc}/u.test(character)
        ? Buffer.from(character).toString('hex').replace(/../g, '\\$&')
        : character
    })
    .join('')
}

/** @returns undefined when the text is no distinguished name. Also reads quoted values (RFC 2253 section 4). */
export function parseDn(text: string): DistinguishedName | undefined {
  if (text.trim() === '') return []
  const names: Part[][] = [[]]
  let at = 0
  for (;;) {
    // A wide or non-breaking space is part of the value (RFC 4514 section 3).
    const type = /[ \t\r\n]*([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*)[ \t\r\n]*=[ \t\r\n]*/y
    type.lastIndex = at
    const matched = type.exec(text)
    if (matched === null) return undefined
    const value = readValue(text, type.lastIndex)
    if (value === undefined) return undefined
    names.at(-1)!.push({ type: matched[1]!.toLowerCase(), value: value.text })
    at = value.end
    const separator = text[at]
    if (separator === undefined) return names
    if (separator !== '+') names.push([])
    at += 1
  }
}

/** The value of an attribute in the DN's first RDN, e.g. `cn` of `cn=admins,ou=groups,dc=example`. */
export function leadingValue(dn: DistinguishedName, type: string): string | undefined {
  return dn[0]?.find((part) => part.type === type.toLowerCase())?.value
}

/** True when `dn` is what a search at `base` with this scope may answer. */
export function isWithin(dn: string, base: string, scope: 'base' | 'one' | 'sub'): boolean {
  const inner = parseDn(dn)
  const outer = parseDn(base)
  if (inner === undefined || outer === undefined || inner.length === 0) return false
  const depth = inner.length - outer.length
  if (depth < 0 || (scope === 'base' && depth !== 0) || (scope === 'one' && depth !== 1)) return false
  return outer.every((name, index) => folded(name) === folded(inner[index + depth]!))
}

function folded(name: readonly Part[]): string {
  const parts = name.map(({ type, value }) => [
    type,
    value.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' '),
  ])
  return JSON.stringify(parts.map((part) => JSON.stringify(part)).sort())
}

function readValue(text: string, from: number): { readonly text: string; readonly end: number } | undefined {
  const bytes: Buffer[] = []
  let at = from
  let quoted = false
  /** Up to here trailing spaces are part of the value, since they were escaped or quoted. */
  let kept = 0
  if (text[at] === '"') {
    quoted = true
    at += 1
  }
  for (; at < text.length; at += 1) {
    const character = text[at]!
    if (character === '\\') {
      const pair = /^[0-9a-fA-F]{2}/.exec(text.slice(at + 1, at + 3))
      const next = pair?.[0] ?? text[at + 1]
      if (next === undefined) return undefined
      bytes.push(pair === null ? Buffer.from(next) : Buffer.from(next, 'hex'))
      at += next.length
      kept = bytes.length
    } else if (quoted && character === '"') {
      const after = /^\s*/.exec(text.slice(at + 1))![0].length
      at += 1 + after
      return text[at] === undefined || ',;+'.includes(text[at]!)
        ? { text: joined(bytes), end: at }
        : undefined
    } else if (!quoted && ',;+'.includes(character)) {
      break
    } else if (!quoted && '"<>'.includes(character)) {
      return undefined
    } else {
      const whole = String.fromCodePoint(text.codePointAt(at)!)
      bytes.push(Buffer.from(whole))
      at += whole.length - 1
    }
  }
  if (quoted) return undefined
  while (bytes.length > kept && bytes.at(-1)!.toString() === ' ') bytes.pop()
  return { text: joined(bytes), end: at }
}

function joined(bytes: readonly Buffer[]): string {
  return Buffer.concat(bytes).toString('utf8')
}
