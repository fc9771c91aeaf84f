/** The key rule of the stores, kept by every engine alike, so that what works on one works on the other. */

const allowed = /^[A-Za-z0-9:._-]{1,512}$/

/**
 * A broken key is a mistake in the caller, never something a stranger sent: owners hash what strangers choose.
 * @throws {TypeError} when the key is empty, longer than 512 bytes or has other characters than `[A-Za-z0-9:._-]`.
 */
export function requireKey(key: string): void {
  if (!allowed.test(key)) throw new TypeError('a store key is 1 to 512 characters of [A-Za-z0-9:._-]')
}

/** @throws {TypeError} for what no key can begin with; the empty prefix is that of all keys. */
export function requireKeyPrefix(prefix: string): void {
  if (prefix !== '') requireKey(prefix)
}
