/**
 * A RoleSession as bytes, small enough for a request header. The access key id is not inside: it travels beside the
 * token and is authenticated with it. Session policies are deflated, everything else is plain fields.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { ContextValue } from '../policy/context.js'
import type { RoleSession } from '../role/role-session.js'
import { createByteReader, createByteWriter, type ByteReader, type ByteWriter } from './byte-codec.js'

const layout = 1
const hasSourceIdentity = 1
const hasSessionPolicies = 2
const isMultiFactor = 4
/** What a token may expand to; far above what fits into a token honestly. */
const maxPolicyBytes = 65_536

export function encodeSession(session: Omit<RoleSession, 'accessKeyId'>): Buffer {
  const writer = createByteWriter()
  writer.byte(layout)
  writer.byte(
    (session.sourceIdentity === undefined ? 0 : hasSourceIdentity) |
      (session.sessionPolicies === undefined ? 0 : hasSessionPolicies) |
      (session.origin.multiFactor ? isMultiFactor : 0),
  )
  writer.text(session.roleArn)
  writer.text(session.roleId)
  writer.text(session.account)
  writer.text(session.sessionName)
  writer.integer(session.issuedAt.getTime())
  writer.integer(session.expiresAt.getTime())
  if (session.sourceIdentity !== undefined) writer.text(session.sourceIdentity)
  writeMap(writer, session.tags, (value) => writer.text(value))
  writeList(writer, session.transitiveTagKeys)
  if (session.sessionPolicies !== undefined)
    writer.bytes(deflateRawSync(JSON.stringify(session.sessionPolicies), { level: 9 }))
  writer.text(session.origin.provider)
  writer.text(session.origin.issuer)
  writer.text(session.origin.subject)
  writeMap(writer, session.origin.persistentKeys, (value) => writeContextValue(writer, value))
  writeList(writer, session.chain)
  return writer.toBuffer()
}

/** @throws when the bytes are not what `encodeSession` writes. */
export function decodeSession(bytes: Buffer, accessKeyId: string): RoleSession {
  const reader = createByteReader(bytes)
  if (reader.byte() !== layout) throw new RangeError('the layout is unknown')
  const flags = reader.byte()
  const roleArn = reader.text()
  const roleId = reader.text()
  const account = reader.text()
  const sessionName = reader.text()
  const issuedAt = new Date(reader.integer())
  const expiresAt = new Date(reader.integer())
  const sourceIdentity = (flags & hasSourceIdentity) === 0 ? undefined : reader.text()
  const tags = readMap(reader, () => reader.text())
  const transitiveTagKeys = readList(reader)
  const sessionPolicies = (flags & hasSessionPolicies) === 0 ? undefined : inflatePolicies(reader.bytes())
  const provider = reader.text()
  const issuer = reader.text()
  const subject = reader.text()
  const persistentKeys = readMap(reader, () => readContextValue(reader))
  const chain = readList(reader)
  reader.end()
  return {
    accessKeyId,
    roleArn,
    roleId,
    account,
    sessionName,
    issuedAt,
    expiresAt,
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    tags,
    transitiveTagKeys,
    ...(sessionPolicies === undefined ? {} : { sessionPolicies }),
    origin: { provider, issuer, subject, persistentKeys, multiFactor: (flags & isMultiFactor) !== 0 },
    chain,
  }
}

function inflatePolicies(deflated: Buffer): readonly string[] {
  return JSON.parse(
    inflateRawSync(deflated, { maxOutputLength: maxPolicyBytes }).toString('utf8'),
  ) as string[]
}

function writeList(writer: ByteWriter, list: readonly string[]): void {
  writer.integer(list.length)
  for (const item of list) writer.text(item)
}

function readList(reader: ByteReader): readonly string[] {
  const list: string[] = []
  for (let count = reader.integer(); count > 0; count -= 1) list.push(reader.text())
  return list
}

function writeMap<Value>(
  writer: ByteWriter,
  map: ReadonlyMap<string, Value>,
  writeValue: (value: Value) => void,
): void {
  writer.integer(map.size)
  for (const [key, value] of map) {
    writer.text(key)
    writeValue(value)
  }
}

function readMap<Value>(reader: ByteReader, readValue: () => Value): ReadonlyMap<string, Value> {
  const map = new Map<string, Value>()
  for (let count = reader.integer(); count > 0; count -= 1) map.set(reader.text(), readValue())
  return map
}

/** A single value is 0 and the text; a list is its length plus one, and its texts. */
function writeContextValue(writer: ByteWriter, value: ContextValue): void {
  if (typeof value === 'string') {
    writer.integer(0)
    writer.text(value)
    return
  }
  writer.integer(value.length + 1)
  for (const item of value) writer.text(item)
}

function readContextValue(reader: ByteReader): ContextValue {
  const length = reader.integer()
  if (length === 0) return reader.text()
  const list: string[] = []
  for (let left = length - 1; left > 0; left -= 1) list.push(reader.text())
  return list
}
