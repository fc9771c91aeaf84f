/** The few shapes of DER (X.690) that a certificate is made of: each function returns one complete element. */

const element = (tag: number, content: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(tag), length(content.length), content])

/** 8.1.3: short form up to 127, long form after. */
function length(bytes: number): Buffer {
  if (bytes < 0x80) return Buffer.of(bytes)
  const digits: number[] = []
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256)
  return Buffer.of(0x80 | digits.length, ...digits)
}

export const sequence = (...elements: readonly Uint8Array[]): Buffer => element(0x30, Buffer.concat(elements))
export const set = (...elements: readonly Uint8Array[]): Buffer => element(0x31, Buffer.concat(elements))
export const octetString = (content: Uint8Array): Buffer => element(0x04, content)
export const utf8String = (text: string): Buffer => element(0x0c, Buffer.from(text))
export const boolean = (value: boolean): Buffer => element(0x01, Buffer.of(value ? 0xff : 0))
export const nothing = (): Buffer => element(0x05, Buffer.alloc(0))

/** Unsigned, big-endian; leading zeros are dropped, and one is put back when the number would look negative. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes.findIndex((byte) => byte !== 0)
  const digits = first === -1 ? Buffer.of(0) : Buffer.from(bytes.subarray(first))
  return element(0x02, digits[0]! < 0x80 ? digits : Buffer.concat([Buffer.of(0), digits]))
}

/** @param unusedBits of the last byte. */
export const bitString = (content: Uint8Array, unusedBits = 0): Buffer =>
  element(0x03, Buffer.concat([Buffer.of(unusedBits), content]))

/** `1.2.840.113549.1.1.11` (8.19). */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const digits = [arc % 128]
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      digits.unshift(0x80 | (left % 128))
    return digits
  })
  return element(0x06, Buffer.from(bytes))
}

/** RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime after; whole seconds, UTC. */
export function time(at: Date): Buffer {
  const digits = at.toISOString().replace(/\.\d+|[-:T]/g, '')
  return at.getUTCFullYear() < 2050
    ? element(0x17, Buffer.from(digits.slice(2)))
    : element(0x18, Buffer.from(digits))
}

/** `[number]`, holding other elements (EXPLICIT). */
export const tagged = (number: number, ...elements: readonly Uint8Array[]): Buffer =>
  element(0xa0 | number, Buffer.concat(elements))

/** `[number]` in place of a primitive type's own tag (IMPLICIT). */
export const retagged = (number: number, content: Uint8Array): Buffer => element(0x80 | number, content)
