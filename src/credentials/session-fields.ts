/** The fields that sessions of every kind are made of, as bytes: origins, chains, policies, lists and maps. */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { ContextValue } from '../policy/context.js'
import type { ChainLink, SessionOrigin, SessionPolicies } from '../role/session.js'
import type { ByteReader, ByteWriter } from './byte-codec.js'

/** What a token may expand to; far above what fits into a token honestly. */
const maxPolicyBytes = 65_536
const hasPolicies = 1
const hasPolicyArns = 2
const isMultiFactor = 1
const hasProvider = 2
const hasProviderSession = 4
const hasRole = 1
const hasIssueTime = 2

export function writePolicies(writer: ByteWriter, { sessionPolicies, policyArns }: SessionPolicies): void {
  writer.byte(
    (sessionPolicies === undefined ? 0 : hasPolicies) | (policyArns === undefined ? 0 : hasPolicyArns),
  )
  if (sessionPolicies !== undefined)
    writer.bytes(deflateRawSync(JSON.stringify(sessionPolicies), { level: 9 }))
  if (policyArns !== undefined) writeStringList(writer, policyArns)
}

export function readPolicies(reader: ByteReader): SessionPolicies {
  const flags = reader.byte()
  const sessionPolicies = (flags & hasPolicies) === 0 ? undefined : inflate(reader.bytes())
  const policyArns = (flags & hasPolicyArns) === 0 ? undefined : readStringList(reader)
  return {
    ...(sessionPolicies === undefined ? {} : { sessionPolicies }),
    ...(policyArns === undefined ? {} : { policyArns }),
  }
}

function inflate(deflated: Buffer): readonly string[] {
  return JSON.parse(
    inflateRawSync(deflated, { maxOutputLength: maxPolicyBytes }).toString('utf8'),
  ) as string[]
}

export function writeOrigin(writer: ByteWriter, origin: SessionOrigin): void {
  writer.byte(
    (origin.multiFactor ? isMultiFactor : 0) |
      (origin.provider === undefined ? 0 : hasProvider) |
      (origin.providerSession === undefined ? 0 : hasProviderSession),
  )
  if (origin.provider !== undefined) writer.text(origin.provider)
  if (origin.providerSession !== undefined) writer.text(origin.providerSession)
  writer.text(origin.issuer)
  writer.text(origin.subject)
  writer.integer(origin.startedAt.getTime())
  writer.integer(origin.persistentKeys.size)
  for (const [key, value] of origin.persistentKeys) {
    writer.text(key)
    writeContextValue(writer, value)
  }
  writeStringList(writer, origin.assertedTagKeys)
}

export function readOrigin(reader: ByteReader): SessionOrigin {
  const flags = reader.byte()
  const provider = (flags & hasProvider) === 0 ? undefined : reader.text()
  const providerSession = (flags & hasProviderSession) === 0 ? undefined : reader.text()
  const issuer = reader.text()
  const subject = reader.text()
  const startedAt = new Date(reader.integer())
  const persistentKeys = new Map<string, ContextValue>()
  for (let count = reader.integer(); count > 0; count -= 1)
    persistentKeys.set(reader.text(), readContextValue(reader))
  return {
    ...(provider === undefined ? {} : { provider }),
    ...(providerSession === undefined ? {} : { providerSession }),
    issuer,
    subject,
    startedAt,
    persistentKeys,
    multiFactor: (flags & isMultiFactor) !== 0,
    assertedTagKeys: readStringList(reader),
  }
}

export function writeChain(writer: ByteWriter, chain: readonly ChainLink[]): void {
  writer.integer(chain.length)
  for (const { accessKeyId, roleId, issuedAt } of chain) {
    writer.byte((roleId === undefined ? 0 : hasRole) | (issuedAt === undefined ? 0 : hasIssueTime))
    writer.text(accessKeyId)
    if (roleId !== undefined) writer.text(roleId)
    if (issuedAt !== undefined) writer.integer(issuedAt.getTime())
  }
}

export function readChain(reader: ByteReader): readonly ChainLink[] {
  const chain: ChainLink[] = []
  for (let count = reader.integer(); count > 0; count -= 1) {
    const flags = reader.byte()
    const accessKeyId = reader.text()
    const roleId = (flags & hasRole) === 0 ? undefined : reader.text()
    const issuedAt = (flags & hasIssueTime) === 0 ? undefined : new Date(reader.integer())
    chain.push({
      accessKeyId,
      ...(roleId === undefined ? {} : { roleId }),
      ...(issuedAt === undefined ? {} : { issuedAt }),
    })
  }
  return chain
}

export function writeStringList(writer: ByteWriter, list: readonly string[]): void {
  writer.integer(list.length)
  for (const item of list) writer.text(item)
}

export function readStringList(reader: ByteReader): readonly string[] {
  const list: string[] = []
  for (let count = reader.integer(); count > 0; count -= 1) list.push(reader.text())
  return list
}

export function writeStringMap(writer: ByteWriter, map: ReadonlyMap<string, string>): void {
  writer.integer(map.size)
  for (const [key, value] of map) {
    writer.text(key)
    writer.text(value)
  }
}

export function readStringMap(reader: ByteReader): ReadonlyMap<string, string> {
  const map = new Map<string, string>()
  for (let count = reader.integer(); count > 0; count -= 1) map.set(reader.text(), reader.text())
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
