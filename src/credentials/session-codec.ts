/**
 * A Session as bytes, small enough for a request header. The access key id is not inside: it travels beside the
 * token and is authenticated with it. Session policies are deflated, everything else is plain fields.
 */
import type { RoleSession, SessionContext } from '../role/role-session.js'
import type {
  ChainLink,
  FederatedUserSession,
  RootSession,
  Session,
  SessionFacts,
  UnnamedSession,
  UserSession,
} from '../role/session.js'
import { createByteReader, createByteWriter, type ByteReader, type ByteWriter } from './byte-codec.js'
import {
  readChain,
  readOrigin,
  readPolicies,
  readStringList,
  readStringMap,
  writeChain,
  writeOrigin,
  writePolicies,
  writeStringList,
  writeStringMap,
} from './session-fields.js'

/** The first byte; a token of another layout opens nowhere. */
const layout = 2
const kinds = ['role', 'user', 'federated-user', 'root'] as const satisfies readonly Session['type'][]
const hasSourceIdentity = 1

/** @param minimumBytes the result is padded to at least that. */
export function encodeSession(session: UnnamedSession, minimumBytes = 0): Buffer {
  const writer = createByteWriter()
  writer.byte(layout)
  writer.byte(kinds.indexOf(session.type))
  writeFacts(writer, session)
  switch (session.type) {
    case 'role':
      writeRole(writer, session)
      break
    case 'user':
      writer.text(session.userArn)
      writer.text(session.userId)
      writer.integer(session.multiFactorAt === undefined ? 0 : session.multiFactorAt.getTime() + 1)
      break
    case 'federated-user':
      writer.text(session.userArn)
      writer.text(session.userId)
      writer.text(session.name)
      writeStringMap(writer, session.tags)
      writePolicies(writer, session)
      break
    case 'root':
      writer.text(session.taskPolicyArn)
      break
  }
  return writer.toBuffer(minimumBytes)
}

/** @throws when the bytes are not what `encodeSession` writes, padding aside. */
export function decodeSession(bytes: Buffer, accessKeyId: string): Session {
  const reader = createByteReader(bytes)
  if (reader.byte() !== layout) throw new RangeError('the layout is unknown')
  const kind = kinds[reader.byte()]
  const facts = readFacts(reader, accessKeyId)
  const session = readKind(kind, facts, reader)
  reader.end()
  return session
}

function readKind(kind: Session['type'] | undefined, facts: SessionFacts, reader: ByteReader): Session {
  switch (kind) {
    case 'role':
      return readRole(facts, reader)
    case 'user':
      return readUser(facts, reader)
    case 'federated-user':
      return readFederatedUser(facts, reader)
    case 'root':
      return { type: 'root', ...facts, taskPolicyArn: reader.text() } satisfies RootSession
    case undefined:
      throw new RangeError('the kind of session is unknown')
  }
}

function writeFacts(writer: ByteWriter, session: Omit<SessionFacts, 'accessKeyId'>): void {
  const { sourceIdentity } = session
  writer.byte(sourceIdentity === undefined ? 0 : hasSourceIdentity)
  writer.text(session.account)
  writer.integer(session.issuedAt.getTime())
  writer.integer(session.expiresAt.getTime())
  if (sourceIdentity !== undefined) writer.text(sourceIdentity)
  writeOrigin(writer, session.origin)
  writeChain(writer, session.chain)
}

function readFacts(reader: ByteReader, accessKeyId: string): SessionFacts {
  const flags = reader.byte()
  const account = reader.text()
  const issuedAt = new Date(reader.integer())
  const expiresAt = new Date(reader.integer())
  const sourceIdentity = (flags & hasSourceIdentity) === 0 ? undefined : reader.text()
  const origin = readOrigin(reader)
  const chain: readonly ChainLink[] = readChain(reader)
  return {
    accessKeyId,
    account,
    issuedAt,
    expiresAt,
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    origin,
    chain,
  }
}

function writeRole(writer: ByteWriter, session: Omit<RoleSession, 'accessKeyId'>): void {
  writer.text(session.roleArn)
  writer.text(session.roleId)
  writer.text(session.sessionName)
  writeStringMap(writer, session.tags)
  writeStringList(writer, session.transitiveTagKeys)
  writePolicies(writer, session)
  const contexts = session.contexts ?? []
  writer.integer(contexts.length)
  for (const { providerArn, issuer, subject } of contexts) {
    writer.text(providerArn)
    writer.text(issuer)
    writer.text(subject)
  }
}

function readRole(facts: SessionFacts, reader: ByteReader): RoleSession {
  const roleArn = reader.text()
  const roleId = reader.text()
  const sessionName = reader.text()
  const tags = readStringMap(reader)
  const transitiveTagKeys = readStringList(reader)
  const policies = readPolicies(reader)
  const contexts: SessionContext[] = []
  for (let count = reader.integer(); count > 0; count -= 1)
    contexts.push({ providerArn: reader.text(), issuer: reader.text(), subject: reader.text() })
  return {
    type: 'role',
    ...facts,
    roleArn,
    roleId,
    sessionName,
    tags,
    transitiveTagKeys,
    ...policies,
    ...(contexts.length === 0 ? {} : { contexts }),
  }
}

function readUser(facts: SessionFacts, reader: ByteReader): UserSession {
  const userArn = reader.text()
  const userId = reader.text()
  const multiFactorAt = reader.integer()
  return {
    type: 'user',
    ...facts,
    userArn,
    userId,
    ...(multiFactorAt === 0 ? {} : { multiFactorAt: new Date(multiFactorAt - 1) }),
  }
}

function readFederatedUser(facts: SessionFacts, reader: ByteReader): FederatedUserSession {
  return {
    type: 'federated-user',
    ...facts,
    userArn: reader.text(),
    userId: reader.text(),
    name: reader.text(),
    tags: readStringMap(reader),
    ...readPolicies(reader),
  }
}
