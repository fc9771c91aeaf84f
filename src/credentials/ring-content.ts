/**
 * A key ring as text: the JSON of a ring file, version 2 (and 1, as earlier servers wrote it), or bare keys in base64.
 * Nothing here reads a file; whether a key is strong is asked where it becomes a key.
 */

export interface RingContent {
  readonly installation: string
  /** Exactly one of them is active. */
  readonly keys: readonly WrittenKey[]
}

export type WrittenKey = {
  /** Base64. */
  readonly secret: string
  /** Unknown for a bare key. */
  readonly createdAt?: Date
} & (
  | { readonly state: 'active' }
  /** Opens already, so that it can become active without anybody noticing. */
  | { readonly state: 'next' }
  | { readonly state: 'retired'; readonly retiredAt: Date }
  /** Opens as long as it is listed: version 1 and bare keys do not say what an inactive key is. */
  | { readonly state: 'listed' }
)

export type KeyState = WrittenKey['state']

/**
 * Bare keys are separated by commas or white space; the first is active.
 * @param installation of bare keys; a ring file names its own.
 * @throws {Error} starting with `where`.
 */
export function parseRingText(text: string, where: string, installation: string): RingContent {
  if (text.trimStart().startsWith('{')) return parseRingFile(text, where)
  const secrets = text.split(/[\s,]+/).filter((part) => part !== '')
  if (installation === '') throw new Error(`${where}: it names no installation`)
  return {
    installation,
    keys: secrets.map((secret, position) => ({ secret, state: position === 0 ? 'active' : 'listed' })),
  }
}

/** @throws {Error} starting with `where`, when the text is no ring file; quotes nothing of it. */
export function parseRingFile(text: string, where: string): RingContent {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    throw new Error(`${where}: it is not JSON`)
  }
  const { version, installation, keys } = (content ?? {}) as Readonly<Record<string, unknown>>
  if (version !== 1 && version !== 2) throw new Error(`${where}: it is not a key ring of version 1 or 2`)
  if (typeof installation !== 'string' || installation === '')
    throw new Error(`${where}: it names no installation`)
  if (!Array.isArray(keys)) throw new Error(`${where}: it lists no \`keys\``)
  const read = keys.map((key: unknown, position) =>
    readKey(
      version === 1 ? { ...Object(key), state: position === 0 ? 'active' : 'listed' } : key,
      `${where}, key ${position + 1}`,
    ),
  )
  const count = (state: KeyState): number => read.filter((key) => key.state === state).length
  if (read.length === 0) throw new Error(`${where}: it holds no key`)
  if (count('active') !== 1) throw new Error(`${where}: one key must be \`active\`, not ${count('active')}`)
  if (count('next') > 1) throw new Error(`${where}: more than one key is \`next\``)
  if (version === 2 && count('listed') > 0) throw new Error(`${where}: a key has no state`)
  return { installation, keys: read }
}

/** @returns the text of a ring file of version 2. Only for keys that have one of its states. */
export function ringFileText({ installation, keys }: RingContent): string {
  return `${JSON.stringify({ version: 2, installation, keys }, undefined, 2)}\n`
}

function readKey(value: unknown, where: string): WrittenKey {
  const { secret, createdAt, state, retiredAt } = (value ?? {}) as Readonly<Record<string, unknown>>
  if (typeof secret !== 'string') throw new Error(`${where}: it has no \`secret\``)
  const key = { secret, createdAt: instant(createdAt, `${where}: \`createdAt\``) }
  switch (state) {
    case 'active':
    case 'next':
    case 'listed':
      return { ...key, state }
    case 'retired':
      return { ...key, state, retiredAt: instant(retiredAt, `${where}: \`retiredAt\``) }
    default:
      throw new Error(`${where}: its state is none of \`active\`, \`next\` and \`retired\``)
  }
}

function instant(value: unknown, what: string): Date {
  const at = new Date(typeof value === 'string' ? value : Number.NaN)
  if (Number.isNaN(at.getTime())) throw new Error(`${what} is no instant`)
  return at
}
