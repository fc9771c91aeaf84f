/**
 * For the operators whose values have a form (numbers, dates, booleans, base64, addresses): a handful of values that
 * stand for all. Such operators can only tell values apart by where they lie between the policy's own values, so one
 * value per gap, one per policy value and one that cannot be read are enough to ask about.
 */
import { parseRange } from '../address.js'
import { compareDecimals, type Decimal, parseDecimal } from '../decimal.js'
import { parseInstant } from '../instant.js'

export type TypedFamily = 'numeric' | 'date' | 'bool' | 'binary' | 'address'

export interface Representatives {
  readonly values: readonly string[]
  /** False when some gap has no value that could be written down. */
  readonly complete: boolean
}

/**
 * @param wanted All the values that the conditions in question compare with.
 * @param single Whether the request's value is one address, never a range.
 */
export function representatives(
  family: TypedFamily,
  wanted: readonly string[],
  single: boolean,
): Representatives {
  switch (family) {
    case 'numeric':
      return { values: numbers(wanted), complete: true }
    case 'date':
      return dates(wanted)
    case 'bool':
      return { values: ['true', 'false', unreadable], complete: true }
    case 'binary':
      return { values: [...wanted, unusedBase64(wanted), unreadable], complete: true }
    case 'address':
      return { values: addresses(wanted, single), complete: true }
  }
}

/** No number, date, boolean, base64 or address. */
const unreadable = 'none!'

function numbers(wanted: readonly string[]): readonly string[] {
  const points = sorted(wanted.map(parseDecimal), compareDecimals)
  const places = Math.max(0, ...points.map(({ fraction }) => fraction.length)) + 1
  const scale = 10n ** BigInt(places)
  const scaled = points.map((point) => scaledBy(point, places))
  const found: bigint[] = []
  for (const [i, point] of scaled.entries()) {
    const next = scaled[i + 1]
    if (i === 0) found.push(point - scale)
    found.push(point, next === undefined ? point + scale : (point + next) / 2n)
  }
  if (found.length === 0) found.push(0n)
  return [...found.map((value) => decimalText(value, places)), unreadable]
}

function scaledBy({ sign, whole, fraction }: Decimal, places: number): bigint {
  return BigInt(sign) * BigInt(`0${whole}${fraction.padEnd(places, '0')}`)
}

function decimalText(value: bigint, places: number): string {
  const digits = String(value < 0n ? -value : value).padStart(places + 1, '0')
  const fraction = digits.slice(-places).replace(/0+$/, '')
  return `${value < 0n ? '-' : ''}${digits.slice(0, -places)}${fraction === '' ? '' : `.${fraction}`}`
}

function dates(wanted: readonly string[]): Representatives {
  const points = sorted(wanted.map(parseInstant), (a, b) => a - b)
  const values = [...wanted, unreadable]
  let complete = true
  const add = (instant: number, low: number, high: number) => {
    // Neighbouring floating-point numbers have nothing between them.
    if (instant === low || instant === high) return
    const text = [isoText(instant), (instant / 1000).toFixed(9)].find((candidate) => {
      const read = parseInstant(candidate)
      return read !== undefined && read > low && read < high
    })
    if (text === undefined) complete = false
    else values.push(text)
  }
  const day = 86_400_000
  for (const [i, point] of points.entries()) {
    if (i === 0) add(point - day, -Infinity, point)
    const next = points[i + 1]
    if (next === undefined) add(point + day, point, Infinity)
    else add((point + next) / 2, point, next)
  }
  if (points.length === 0) add(0, -Infinity, Infinity)
  return { values, complete }
}

function isoText(instant: number): string {
  const date = new Date(Math.floor(instant))
  return Number.isNaN(date.getTime()) ? '' : date.toISOString()
}

function sorted<T>(values: readonly (T | undefined)[], compare: (a: T, b: T) => number): readonly T[] {
  const points = values.filter((value) => value !== undefined).sort(compare)
  return points.filter((point, i) => i === 0 || compare(point, points[i - 1]!) !== 0)
}

function unusedBase64(wanted: readonly string[]): string {
  const bytes = (text: string) => Buffer.from(text, 'base64').toString('base64')
  const used = new Set(wanted.map(bytes))
  for (let i = 0; ; i += 1) {
    const text = Buffer.from(`other ${i}`).toString('base64')
    if (!used.has(text)) return text
  }
}

/**
 * Single addresses only change sides where a range starts or ends. A range as the request's value lies in those of
 * the policy's ranges that contain it whole: the policy's own ranges and the widest ones stand for all.
 */
function addresses(wanted: readonly string[], single: boolean): readonly string[] {
  const found = new Set(['0.0.0.0', '::'])
  for (const text of wanted) {
    const range = parseRange(text)
    if (range === undefined) continue
    const width = range.words.length * 16
    const host = 1n << BigInt(width - range.bits)
    const start = range.words.reduce((sum, word) => (sum << 16n) | BigInt(word), 0n)
    const first = (start / host) * host
    found.add(addressText(first, width))
    if (first + host < 1n << BigInt(width)) found.add(addressText(first + host, width))
  }
  if (!single) for (const text of ['0.0.0.0/0', '::/0', ...wanted]) found.add(text)
  return [...found, unreadable]
}

function addressText(value: bigint, width: number): string {
  const step = width === 32 ? 8 : 16
  const groups: string[] = []
  for (let shift = width - step; shift >= 0; shift -= step) {
    const group = (value >> BigInt(shift)) & ((1n << BigInt(step)) - 1n)
    groups.push(group.toString(width === 32 ? 10 : 16))
  }
  return groups.join(width === 32 ? '.' : ':')
}
