/** The XML of the AWS Query protocol: elements, escaping, and the envelopes of success and failure. */
import type { WireResponse } from '../http/wire.js'
import { stsErrors, type Refusal } from './wire-errors.js'

const stsNamespace = 'https://sts.amazonaws.com/doc/2011-06-15/'
/** Unknown actions and versions are answered before the service is known, in the front end's own namespace. */
const dispatchNamespace = 'http://webservices.amazon.com/AWSFault/2005-15-09'

/** A name, and text or children. */
export type XmlElement = readonly [name: string, content: string | readonly XmlElement[]]

export function success(action: string, result: readonly XmlElement[], requestId: string): WireResponse {
  const body = document(`${action}Response`, stsNamespace, [
    [`${action}Result`, result],
    ['ResponseMetadata', [['RequestId', requestId]]],
  ])
  return { status: 200, headers: headersOf(requestId), body }
}

export function failure(refusal: Refusal, requestId: string): WireResponse {
  const { status, type } = stsErrors[refusal.code]
  const body = document('ErrorResponse', namespaceOf(refusal), [
    [
      'Error',
      [
        ['Type', type],
        ['Code', refusal.code],
        // An empty one is no text to boto, and breaks programs that look into it.
        ...(refusal.message === '' ? [] : ([['Message', refusal.message]] as const)),
      ],
    ],
    ['RequestId', requestId],
  ])
  const headers =
    refusal.retryAfterSeconds === undefined
      ? headersOf(requestId)
      : { ...headersOf(requestId), 'retry-after': String(refusal.retryAfterSeconds) }
  return { status, headers, body }
}

/** 413 has an empty body, as at AWS. */
export function tooLarge(requestId: string): WireResponse {
  return { status: 413, headers: headersOf(requestId), body: '' }
}

function namespaceOf({ code }: Refusal): string {
  return code === 'InvalidAction' || code === 'MissingAction' ? dispatchNamespace : stsNamespace
}

function headersOf(requestId: string): Readonly<Record<string, string>> {
  return {
    'content-type': 'text/xml',
    'x-amzn-requestid': requestId,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
}

function document(root: string, namespace: string, children: readonly XmlElement[]): string {
  return `<${root} xmlns="${namespace}">\n${renderAll(children, '  ')}</${root}>\n`
}

/** Scalars stand without white space around them: SDKs keep every character of a session token. */
function render([name, content]: XmlElement, indent: string): string {
  if (typeof content === 'string') return `${indent}<${name}>${escapeXml(content)}</${name}>\n`
  return `${indent}<${name}>\n${renderAll(content, `${indent}  `)}${indent}</${name}>\n`
}

function renderAll(elements: readonly XmlElement[], indent: string): string {
  let text = ''
  for (const element of elements) text += render(element, indent)
  return text
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
// What XML 1.0 cannot hold at all, lone surrogates included.
// eslint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu

/** What most values are made of; a session token is long, and needs one look only. */
const plain = /^[\w +,./:;=@-]*$/

function escapeXml(text: string): string {
  if (plain.test(text)) return text
  return text.replace(forbidden, '\ufffd').replace(/[&<>"]/g, (character) => escapes[character]!)
}
