import { Sha256 } from '@aws-crypto/sha256-js'
import { HttpRequest } from '@smithy/protocol-http'
import { SignatureV4 } from '@smithy/signature-v4'
import type { ReceivedRequest } from '../../src/signature/canonical-request.js'

/** As it arrives, with the body whose hash was signed. */
export type SignedRequest = ReceivedRequest & { readonly body: Buffer }

export interface SigningCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface RequestToSign {
  readonly method?: string
  readonly path?: string
  readonly query?: Readonly<Record<string, string | string[]>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly host?: string
  readonly region?: string
  readonly service?: string
}

const formType = 'application/x-www-form-urlencoded'

function signerFor(
  credentials: SigningCredentials,
  { region = 'eu-central-1', service = 'sts' }: RequestToSign,
) {
  return new SignatureV4({ credentials, region, service, sha256: Sha256, applyChecksum: true })
}

function requestOf({
  method = 'POST',
  path = '/',
  query,
  headers,
  body,
  host = 'sts.example.test',
}: RequestToSign) {
  return new HttpRequest({
    method,
    protocol: 'https:',
    hostname: host,
    path,
    query: { ...query },
    headers: { host, ...(body === undefined ? {} : { 'content-type': formType }), ...headers },
    ...(body === undefined ? {} : { body }),
  })
}

/** Signed by AWS's own signer, as a server receives it. */
export async function sign(
  credentials: SigningCredentials,
  request: RequestToSign,
  signingDate: Date,
): Promise<SignedRequest> {
  const signed = await signerFor(credentials, request).sign(requestOf(request), { signingDate })
  return received(signed as HttpRequest)
}

export async function presign(
  credentials: SigningCredentials,
  request: RequestToSign,
  signingDate: Date,
  expiresIn = 900,
): Promise<SignedRequest> {
  const signer = signerFor(credentials, request)
  const signed = await signer.presign(requestOf({ method: 'GET', ...request }), { signingDate, expiresIn })
  return received(signed as HttpRequest)
}

function received(request: HttpRequest): SignedRequest {
  const pairs = Object.entries(request.query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value ?? '']).map((item) => `${encode(name)}=${encode(item ?? '')}`),
  )
  return {
    method: request.method,
    rawPath: request.path,
    rawQuery: pairs.join('&'),
    headers: Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value] as const),
    body: Buffer.from((request.body as string | undefined) ?? '', 'utf8'),
  }
}

/** As SDKs write a query on the wire. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
