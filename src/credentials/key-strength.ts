/**
 * Tells keys that a random source made from keys that a person typed, copied or forgot to fill in. A random key
 * fails one of these tests less than once in 10^13.
 */

/** @returns what is wrong with a key, as the end of a sentence; undefined when nothing is. */
export function weaknessOf(key: Buffer, expectedBytes: number): string | undefined {
  if (key.length < expectedBytes) return `the key is too short (${key.length} bytes, ${expectedBytes} needed)`
  if (key.length > expectedBytes) return `the key is too long (${key.length} bytes, ${expectedBytes} needed)`
  if (key.every((byte) => byte === 0)) return 'the key is all zeros'
  if (key.every((byte) => byte >= 0x20 && byte < 0x7f)) return 'the key is plain text'
  if (new Set(key).size <= expectedBytes / 2) return 'the key repeats itself'
  if (isArithmetic(key)) return 'the key is a plain sequence'
  return undefined
}

function isArithmetic(key: Buffer): boolean {
  const step = (key[1]! - key[0]! + 256) % 256
  return key.every((byte, index) => index === 0 || (byte - key[index - 1]! + 256) % 256 === step)
}
