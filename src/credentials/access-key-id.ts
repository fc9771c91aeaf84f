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
  const head = 2 ** 47 + Number(account) * 2 ** 7 + (noise[4]! & 0x7f)
  // 80 bits are too many for a number, and bigints cost ten times as much: the first 45 and the other 35.
  const tail = (head % 8) * 2 ** 32 + noise.readUInt32BE(0)
  return prefix + base32(Math.floor(head / 8), 9) + base32(tail, 7)
}

function base32(value: number, digits: number): string {
  let text = ''
  for (let rest = value, left = digits; left > 0; left -= 1) {
    text = alphabet[rest % 32]! + text
    rest = Math.floor(rest / 32)
  }
  return text
}

/** @returns the 12 digits; undefined when the id is of another form, or from before ids carried the account. */
export function accountOf(accessKeyId: string): string | undefined {
  if (!isTemporaryAccessKeyId(accessKeyId) && !isLongTermAccessKeyId(accessKeyId)) return undefined
  let bits = 0
  // 10 characters are 50 bits, the first 48 of which are the 6 bytes that hold the account.
  for (const character of accessKeyId.slice(4, 14)) bits = bits * 32 + alphabet.indexOf(character)
  const head = Math.floor(bits / 4)
  if (head < 2 ** 47) return undefined
  const account = String(Math.floor((head - 2 ** 47) / 2 ** 7)).padStart(12, '0')
  return accountPattern.test(account) ? account : undefined
}
