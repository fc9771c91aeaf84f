/**
 * The shape of an LDAP reply, checked before ldapts reads it. The package trusts the lengths inside a message: an
 * entry that claims more than it holds makes it loop until memory is gone, and a missing result code reads as
 * success. So every reply is walked once here, against the grammar of RFC 4511 section 4 and appendix B.
 * Values (names, attribute contents) are not looked at.
 */
import { Unreachable } from './unreachable.js'

const tags = {
  boolean: 0x01,
  integer: 0x02,
  octets: 0x04,
  enumerated: 0x0a,
  sequence: 0x30,
  set: 0x31,
  bindResponse: 0x61,
  searchEntry: 0x64,
  searchDone: 0x65,
  addResponse: 0x69,
  searchReference: 0x73,
  extendedResponse: 0x78,
  controls: 0xa0,
} as const

interface Element {
  readonly tag: number
  readonly start: number
  readonly end: number
}

/**
 * @returns how many bytes the first message of `buffer` has, or undefined while that cannot be known yet.
 * @throws {Unreachable} `ldap:malformed`, or `ldap:too-large` when it is longer than `limit` bytes.
 */
export function messageLength(buffer: Buffer, limit: number): number | undefined {
  if (buffer.length > 0 && buffer[0] !== tags.sequence) throw new Unreachable('ldap:malformed')
  const header = readHeader(buffer, 0)
  if (header !== undefined && header.end > limit) throw new Unreachable('ldap:too-large')
  return header?.end
}

/** @throws {Unreachable} `ldap:malformed` unless the bytes are one reply that RFC 4511 allows a server to send. */
export function checkReply(message: Buffer): void {
  const [id, operation, controls, ...rest] = elementsOf(message, {
    tag: 0,
    start: 0,
    end: message.length,
  })[0]!.children()
  if (id === undefined || operation === undefined || rest.length > 0) throw new Unreachable('ldap:malformed')
  expectTag(id, tags.integer)
  if (id.end - id.start < 1 || id.end - id.start > 4) throw new Unreachable('ldap:malformed')
  checkOperation(operation)
  if (controls !== undefined) {
    expectTag(controls, tags.controls)
    for (const control of controls.children()) {
      expectTag(control, tags.sequence)
      const [type, ...details] = control.children()
      expectTag(type, tags.octets)
      for (const detail of details) expectTag(detail, tags.boolean, tags.octets)
    }
  }
}

/** The result code of a reply that has passed `checkReply`; undefined for entries and references. */
export function resultCode(message: Buffer): number | undefined {
  const operation = elementsOf(message, { tag: 0, start: 0, end: message.length })[0]!.children()[1]!
  if (operation.tag === tags.searchEntry || operation.tag === tags.searchReference) return undefined
  return message[operation.children()[0]!.start]
}

interface Node extends Element {
  children(): readonly Node[]
}

function checkOperation(operation: Node): void {
  const parts = operation.children()
  if (operation.tag === tags.searchEntry) {
    const [name, attributes, ...rest] = parts
    expectTag(name, tags.octets)
    expectTag(attributes, tags.sequence)
    if (rest.length > 0) throw new Unreachable('ldap:malformed')
    for (const attribute of attributes.children()) {
      expectTag(attribute, tags.sequence)
      const [type, values, ...more] = attribute.children()
      expectTag(type, tags.octets)
      expectTag(values, tags.set)
      if (more.length > 0) throw new Unreachable('ldap:malformed')
      for (const value of values.children()) expectTag(value, tags.octets)
    }
    return
  }
  if (operation.tag === tags.searchReference) {
    for (const uri of parts) expectTag(uri, tags.octets)
    return
  }
  expectTag(operation, tags.bindResponse, tags.searchDone, tags.addResponse, tags.extendedResponse)
  const [code, matched, diagnostic, ...rest] = parts
  expectTag(code, tags.enumerated)
  if (code.end - code.start !== 1) throw new Unreachable('ldap:malformed')
  expectTag(matched, tags.octets)
  expectTag(diagnostic, tags.octets)
  // Referral, serverSaslCreds, responseName and responseValue: context class, whatever is in them.
  for (const part of rest) if ((part.tag & 0xc0) !== 0x80) throw new Unreachable('ldap:malformed')
}

function expectTag(element: Node | undefined, ...allowed: readonly number[]): asserts element is Node {
  if (element === undefined || !allowed.includes(element.tag)) throw new Unreachable('ldap:malformed')
}

function elementsOf(buffer: Buffer, parent: Element): readonly Node[] {
  const found: Node[] = []
  for (let at = parent.start; at < parent.end;) {
    const element = readHeader(buffer, at)
    if (element === undefined || element.end > parent.end) throw new Unreachable('ldap:malformed')
    found.push({ ...element, children: () => elementsOf(buffer, element) })
    at = element.end
  }
  return found
}

/** Definite lengths of at most four bytes (RFC 4511 section 5.1). */
function readHeader(buffer: Buffer, at: number): Element | undefined {
  const tag = buffer[at]
  const first = buffer[at + 1]
  if (tag === undefined || first === undefined) return undefined
  if (first < 0x80) return { tag, start: at + 2, end: at + 2 + first }
  const size = first & 0x7f
  if (size === 0 || size > 4) throw new Unreachable('ldap:malformed')
  if (buffer.length < at + 2 + size) return undefined
  const start = at + 2 + size
  return { tag, start, end: start + buffer.readUIntBE(at + 2, size) }
}
