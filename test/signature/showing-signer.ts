/** AWS's own signer, made to show the canonical request that it signs. */
import { Sha256 } from '@aws-crypto/sha256-js'
import { HttpRequest } from '@smithy/protocol-http'
import { SignatureV4 } from '@smithy/signature-v4'
import type { SigningCredentials } from '../support/aws-signer.js'

export interface ToSign {
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string | string[]>>
  /** One value per name; `host` among them. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Shown {
  readonly canonicalRequest: string
  readonly signedHeaders: readonly string[]
  readonly payloadHash: string
  /** With what the signer added: the date, the token, the hash of the body, the authorization. */
  readonly headers: Readonly<Record<string, string>>
}

export async function signAndShow(
  credentials: SigningCredentials,
  { method, path, query, headers, body }: ToSign,
  signingDate: Date,
): Promise<Shown> {
  let canonicalRequest = ''
  class ShowingSigner extends SignatureV4 {
    protected override createCanonicalRequest(
      ...given: Parameters<SignatureV4['createCanonicalRequest']>
    ): string {
      canonicalRequest = super.createCanonicalRequest(...given)
      return canonicalRequest
    }
  }
  const signer = new ShowingSigner({ credentials, region: 'eu-central-1', service: 'sts', sha256: Sha256 })
  const request = new HttpRequest({
    method,
    protocol: 'https:',
    hostname: headers['host'] ?? '',
    path,
    query: { ...query },
    headers: { ...headers },
    body,
  })
  const signed = await signer.sign(request, { signingDate })
  const lines = canonicalRequest.split('\n')
  return {
    canonicalRequest,
    signedHeaders: lines.at(-2)?.split(';') ?? [],
    payloadHash: lines.at(-1) ?? '',
    headers: Object.fromEntries(
      Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
  }
}
