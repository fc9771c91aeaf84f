/**
 * A directory entry with its attributes normalised: names without case, values always a list, binary identifiers in
 * their usual text form. Values are kept as the directory spells them.
 */
import type { Entry as RawEntry } from 'ldapts'

export interface DirectoryEntry {
  readonly dn: string
  /** Empty when the entry has none (or the reader may not see it). */
  values(attribute: string): readonly string[]
  /** Active Directory gives long lists in pieces: where the next one starts; undefined when all is here. */
  nextRange(attribute: string): number | undefined
}

/** Attributes whose bytes may happen to be valid UTF-8 and still are no text. */
export const binaryAttributes = ['objectGUID', 'objectSid'] as const

export function toEntry(raw: RawEntry): DirectoryEntry {
  const attributes = new Map<string, readonly string[]>()
  const ranges = new Map<string, number>()
  for (const [description, value] of Object.entries(raw)) {
    if (description === 'dn') continue
    const [type = '', ...options] = description.toLowerCase().split(';')
    const list = (Array.isArray(value) ? value : [value]).map((item) => asText(type, item))
    const range = options.map((option) => /^range=\d+-(\d+|\*)$/.exec(option)?.[1]).find(Boolean)
    if (range === undefined && options.some((option) => option !== 'binary')) continue
    if (range !== undefined && range !== '*') ranges.set(type, Number(range) + 1)
    attributes.set(type, [...(attributes.get(type) ?? []), ...list])
  }
  return {
    dn: raw.dn,
    values: (attribute) => attributes.get(attribute.toLowerCase()) ?? [],
    nextRange: (attribute) => ranges.get(attribute.toLowerCase()),
  }
}

function asText(type: string, value: string | Buffer): string {
  if (type === 'objectguid') return guidText(Buffer.from(value as string))
  if (type === 'objectsid') return sidText(Buffer.from(value as string))
  return typeof value === 'string' ? value : value.toString('base64')
}

/** The first three groups are little-endian (MS-DTYP 2.3.4.2). */
function guidText(bytes: Buffer): string {
  if (bytes.length !== 16) return bytes.toString('hex')
  const order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
  const hex = Buffer.from(order.map((index) => bytes[index]!)).toString('hex')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** `S-1-5-21-…` (MS-DTYP 2.4.2.1). */
function sidText(bytes: Buffer): string {
  const count = bytes[1] ?? 0
  if (bytes.length !== 8 + count * 4) return bytes.toString('hex')
  const parts = Array.from({ length: count }, (_, index) => bytes.readUInt32LE(8 + index * 4))
  return ['S', bytes[0], bytes.readUIntBE(2, 6), ...parts].join('-')
}
