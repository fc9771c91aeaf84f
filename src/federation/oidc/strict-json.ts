/**
 * JSON from strangers, read so that no two readers can disagree about it: a repeated member name, also when one of
 * the two is written with escapes, is refused instead of letting the last one win (RFC 7515 section 4).
 * Leaves size limits to the caller.
 */
export type JsonObject = Readonly<Record<string, unknown>>

const maximumDepth = 16
const maximumMembers = 1_000

/** @returns undefined when the text is not one JSON object, repeats a member, or is nested or branched too far. */
export function parseStrictObject(text: string): JsonObject | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  return isJsonObject(value) && hasPlainStructure(text) ? value : undefined
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The member itself, never something inherited such as `constructor`. */
export function member(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

/** Expects text that JSON.parse accepts: there, a string is a member name exactly when a colon follows. */
function hasPlainStructure(text: string): boolean {
  const open: (Set<string> | null)[] = []
  let members = 0
  for (const match of text.matchAll(/("(?:[^"\\]|\\.)*")\s*(:?)|[{}[\]]/gs)) {
    const [token, string, colon] = match
    if (string !== undefined) {
      if (colon !== ':') continue
      const names = open.at(-1)
      const name = String(JSON.parse(string))
      if (!names || names.has(name) || ++members > maximumMembers) return false
      names.add(name)
    } else if (token === '{' || token === '[') {
      if (open.push(token === '{' ? new Set() : null) > maximumDepth) return false
    } else {
      open.pop()
    }
  }
  return true
}
