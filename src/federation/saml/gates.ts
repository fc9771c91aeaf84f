/** Quotes are followed, because a `>` inside an attribute value does not end a tag. */
import { refuse } from './refusal.js'

/**
 * The cheap look at a message before any parser sees it: one pass over the text, no recursion, no allocation that grows
 * with the input. What signature verification cannot afford (it is quadratic in the number of nodes) and what SAML never
 * needs (document types, comments, CDATA, processing instructions) ends here. Meaning is judged later.
 */
export const limits = {
  base64Characters: 180_000,
  bytes: 131_072,
  tags: 6_000,
  depth: 24,
  attributesPerTag: 32,
  signatures: 2,
  transformsPerSignature: 2,
} as const

/**
 * Base64 of a posted message to its text, without the XML declaration.
 *
 * Line breaks inside the base64 are tolerated (SAML Bindings 3.5.4); anything else outside the alphabet is not.
 * @throws {SamlRefusal} `saml:parameter`, `saml:size`, `saml:encoding`, `saml:markup`, `saml:not-wellformed`, `saml:transform`.
 */
export function openMessage(base64: string): string {
  if (base64.length > limits.base64Characters) refuse('saml:size', 'the encoded message is too long')
  const compact = base64.replace(/[\r\n\t ]+/g, '')
  if (compact === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact) || compact.length % 4 !== 0) {
    refuse('saml:parameter', 'the message is not base64')
  }
  return openText(Buffer.from(compact, 'base64'))
}

/** The same gates for bytes that were not base64, e.g. a decrypted assertion. */
export function openText(bytes: Uint8Array): string {
  if (bytes.length > limits.bytes) refuse('saml:size', 'the message is too long')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return refuse('saml:encoding', 'the message is not UTF-8')
  }
  const body = withoutDeclaration(text)
  gate(body)
  return body
}

function withoutDeclaration(text: string): string {
  if (!text.startsWith('<?xml')) return text
  const declaration =
    /^<\?xml\s+version\s*=\s*(?:"1\.0"|'1\.0')(?:\s+encoding\s*=\s*(?:"([^"]*)"|'([^']*)'))?(?:\s+standalone\s*=\s*(?:"(?:yes|no)"|'(?:yes|no)'))?\s*\?>\s*/.exec(
      text.slice(0, 200),
    )
  if (!declaration) return refuse('saml:encoding', 'the XML declaration is not one of XML 1.0')
  const encoding = declaration[1] ?? declaration[2] ?? 'UTF-8'
  if (!/^utf-8$/i.test(encoding))
    refuse('saml:encoding', 'the XML declaration names another encoding than UTF-8')
  return text.slice(declaration[0].length)
}

function gate(text: string): void {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(text)) {
    refuse('saml:encoding', 'a character that XML does not allow')
  }
  if (text.includes('<!') || text.includes('<?')) {
    refuse('saml:markup', 'a document type, comment, CDATA section or processing instruction')
  }
  let tags = 0
  let depth = 0
  let signatures = 0
  let transforms = 0
  for (let at = text.indexOf('<'); at !== -1; at = text.indexOf('<', at)) {
    if (++tags > limits.tags) refuse('saml:size', 'too many elements')
    const tag = scanTag(text, at)
    if (tag.kind === 'end') depth--
    else {
      if (depth + 1 > limits.depth) refuse('saml:size', 'elements are nested too deeply')
      if (tag.kind === 'start') depth++
      if (tag.localName === 'Signature' && ++signatures > limits.signatures) {
        refuse('saml:size', 'more than two signatures')
      }
      if (tag.localName === 'Transform') transforms++
    }
    at = tag.end
  }
  const transformLimit = limits.signatures * limits.transformsPerSignature
  if (transforms > transformLimit) refuse('saml:transform', 'more transforms than two signatures need')
}

interface Tag {
  readonly kind: 'start' | 'end' | 'empty'
  readonly localName: string
  readonly end: number
}

function scanTag(text: string, start: number): Tag {
  let quote = ''
  let attributes = 0
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at]
    if (character === '<') break
    if (quote !== '') {
      if (character === quote) quote = ''
    } else if (character === '"' || character === "'") {
      quote = character
      if (++attributes > limits.attributesPerTag) refuse('saml:size', 'too many attributes on one element')
    } else if (character === '>') {
      const kind = text[start + 1] === '/' ? 'end' : text[at - 1] === '/' ? 'empty' : 'start'
      return { kind, localName: localNameAt(text, start + 1), end: at + 1 }
    }
  }
  return refuse('saml:not-wellformed', 'a tag that does not end')
}

function localNameAt(text: string, start: number): string {
  const name = /^[^\s/>]*/.exec(text.slice(start, start + 100))?.[0] ?? ''
  return name.slice(name.indexOf(':') + 1)
}
