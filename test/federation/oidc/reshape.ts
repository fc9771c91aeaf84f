/** What can be done to a finished token without its issuer's key. */
export function reshape(token: string, how: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const encode = (value: string | Buffer): string => Buffer.from(value as string).toString('base64url')
  const bytes = Buffer.from(signature, 'base64url')
  const signed = (replacement: Buffer): string => `${header}.${payload}.${replacement.toString('base64url')}`
  const edited = (segment: string, members: object): string =>
    encode(JSON.stringify({ ...JSON.parse(Buffer.from(segment, 'base64url').toString()), ...members }))
  switch (how) {
    case 'empty-signature':
      return `${header}.${payload}.`
    case 'two-segments':
      return `${header}.${payload}`
    case 'five-segments':
      return `${header}.${payload}.${signature}.${signature}.${signature}`
    case 'extra-segment':
      return `${token}.${signature}`
    case 'leading-dot':
      return `.${token}`
    case 'edited-payload':
      return `${header}.${edited(payload, { sub: 'repo:acme/other' })}.${signature}`
    case 'edited-header':
      return `${edited(header, { x: 1 })}.${payload}.${signature}`
    case 'truncated-signature':
      return signed(bytes.subarray(0, -1))
    case 'extended-signature':
      return signed(Buffer.concat([bytes, Buffer.alloc(1)]))
    case 'zero-signature':
      return signed(Buffer.alloc(bytes.length))
    case 'one-signature':
      return signed(Buffer.concat([Buffer.alloc(31), Buffer.of(1), Buffer.alloc(31), Buffer.of(1)]))
    case 'der-signature':
      return signed(der(bytes))
    case 'flattened':
      return JSON.stringify({ protected: header, payload, signature })
    case 'general':
      return JSON.stringify({ payload, signatures: [{ protected: header, signature }] })
    case 'padding':
      return `${token}==`
    case 'newline-inside':
      return `${header}.\n${payload}.${signature}`
    case 'standard-alphabet':
      return `${header}.${payload}.${bytes.toString('base64').replace(/=+$/, '')}+/`
    case 'non-canonical-tail':
      return withOtherTail(token)
    case 'bearer':
      return `Bearer ${token}`
    case 'megabyte':
      return `${header}.${encode(Buffer.alloc(1_000_000, 32))}.${signature}`
    case 'not-utf8':
      return `${header}.${encode(Buffer.from('{"iss":"\xff"}', 'latin1'))}.${signature}`
    default:
      throw new Error(`no way to reshape a token by ${how}`)
  }
}

/** The last character of 256 bytes carries two bits, and four that decoders ignore. */
function withOtherTail(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return token.slice(0, -1) + alphabet.charAt(alphabet.indexOf(token.slice(-1)) + 1)
}

function der(concatenated: Buffer): Buffer {
  const integer = (part: Buffer): Buffer => {
    const padded = Buffer.concat([Buffer.alloc(1), part])
    return Buffer.concat([Buffer.of(2, padded.length), padded])
  }
  const body = Buffer.concat([integer(concatenated.subarray(0, 32)), integer(concatenated.subarray(32))])
  return Buffer.concat([Buffer.of(0x30, body.length), body])
}
