/**
 * Numbers of the Numeric operators: integers and decimals of any length, compared exactly. Binary floating point
 * would call 9007199254740993 and 9007199254740992 equal.
 */
export interface Decimal {
  readonly sign: -1 | 0 | 1
  /** Without leading zeros. */
  readonly whole: string
  /** Without trailing zeros. */
  readonly fraction: string
}

/** Undefined unless the text is an optional sign, digits, and optionally a point and digits. No exponents. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = /^([+-]?)([0-9]+)(?:\.([0-9]+))?$/.exec(text)
  if (match === null) return undefined
  const whole = withoutLeadingZeros(match[2]!)
  const fraction = withoutTrailingZeros(match[3] ?? '')
  if (whole === '' && fraction === '') return { sign: 0, whole, fraction }
  return { sign: match[1] === '-' ? -1 : 1, whole, fraction }
}

/** Negative, zero or positive, as `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.sign !== b.sign) return a.sign - b.sign
  return a.sign * compareMagnitudes(a, b)
}

function compareMagnitudes(a: Decimal, b: Decimal): number {
  if (a.whole.length !== b.whole.length) return a.whole.length - b.whole.length
  if (a.whole !== b.whole) return a.whole < b.whole ? -1 : 1
  if (a.fraction === b.fraction) return 0
  return a.fraction < b.fraction ? -1 : 1
}

function withoutLeadingZeros(digits: string): string {
  let from = 0
  while (digits.charAt(from) === '0') from += 1
  return digits.slice(from)
}

function withoutTrailingZeros(digits: string): string {
  let end = digits.length
  while (digits.charAt(end - 1) === '0') end -= 1
  return digits.slice(0, end)
}
