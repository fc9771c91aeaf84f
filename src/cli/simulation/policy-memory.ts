/**
 * What was made of a text before, for as long as there is room: cases come in thousands that share their policies.
 * Two generations, so that what is in use survives and nothing has to be counted per use.
 */
export interface PolicyMemory<Value> {
  /** @param kind With the text it decides what `make` gives. */
  recall(kind: string, text: string, make: (text: string) => Value): Value
}

/** @param maxCharacters Of text in one generation; compiled policies take a multiple of that. */
export function createPolicyMemory<Value>(maxCharacters = 524_288): PolicyMemory<Value> {
  let young = new Map<string, Value>()
  let old: ReadonlyMap<string, Value> = new Map()
  let characters = 0

  const keep = (key: string, value: Value): void => {
    if (key.length > maxCharacters) return
    if (characters + key.length > maxCharacters) {
      old = young
      young = new Map()
      characters = 0
    }
    young.set(key, value)
    characters += key.length
  }

  return {
    recall(kind, text, make) {
      const key = `${kind} ${text}`
      const known = young.get(key)
      if (known !== undefined) return known
      const older = old.get(key)
      // A piece of a line would keep the whole line in memory.
      const ownKey = copyOf(key)
      const value = older ?? make(ownKey.slice(kind.length + 1))
      keep(ownKey, value)
      return value
    },
  }
}

function copyOf(text: string): string {
  // oxlint-disable-next-line no-control-regex -- Latin-1 is all of them
  const encoding = /^[\u0000-\u00ff]*$/.test(text) ? 'latin1' : 'utf16le'
  return Buffer.from(text, encoding).toString(encoding)
}
