/**
 * Access key ids, in the form in which AWS has issued them since 2019: the account can be read from the id. 39 bits
 * of an id are random; it is a name, not a secret. Temporary credentials have `ASIA` in front, keys that stay `AKIA`.
 */
import type { RandomBytes } from '../fault.js'

export type AccessKeyIdPrefix = 'ASIA' | 'AKIA'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const accountPattern = /^\d{12}$/
const patterns = {
  ASIA: /^ASIA[A-Z2-7]{16}$/,
  AKIA: /^AKIA[A-Z2-7]{16}$/,
} as const satisfies Record<AccessKeyIdPrefix, RegExp>

export function isTemporaryAccessKeyId(value: string): boolean {
  return patterns.ASIA.test(value)
}

export function isLongTermAccessKeyId(value: string): boolean {
  return patterns.AKIA.test(value)
}

/**
 * @param account 12 decimal digits.
 * @returns the prefix and the base32 (RFC 4648 §6) of 2^47 | account << 7 | 7 random bits, 4 random bytes.
 */
export function newAccessKeyId(
  account: string,
  random: RandomBytes,
  prefix: AccessKeyIdPrefix = 'ASIA',
): string {
  if (!accountPattern.test(account)) throw new TypeError('an account id has 12 decimal digits')
  const noise = random(5)
  const head = (1n << 47n) | (BigInt(account) << 7n) | BigInt(noise[4]! & 0x7f)
  const bits = (head << 32n) | BigInt(noise.readUInt32BE(0))
  let text = ''
  for (let shift = 75n; shift >= 0n; shift -= 5n) text += alphabet[Number((bits >> shift) & 31n)]
  return prefix + text
}

/** @returns the 12 digits; undefined when the id is of another form, or from before ids carried the account. */
export function accountOf(accessKeyId: string): string | undefined {
  if (!isTemporaryAccessKeyId(accessKeyId) && !isLongTermAccessKeyId(accessKeyId)) return undefined
  let head = 0n
  // 10 characters are 50 bits, the first 48 of which are the 6 bytes that hold the account.
  for (const character of accessKeyId.slice(4, 14)) head = (head << 5n) | BigInt(alphabet.indexOf(character))
  head >>= 2n
  if (head >> 47n !== 1n) return undefined
  const account = ((head & 0x7fffffffff80n) >> 7n).toString().padStart(12, '0')
  return accountPattern.test(account) ? account : undefined
}
