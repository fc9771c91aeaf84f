/**
 * The only importer of samlp, which is a development dependency: it reads requests and writes signed responses. Loaded
 * when a demonstration starts, and described here as far as it is used, since it brings no types.
 */
export interface AuthnRequest {
  readonly id: string
  readonly issuer?: string
  readonly assertionConsumerServiceURL?: string
  readonly destination?: string
}

export interface ResponseOptions {
  readonly issuer: string
  readonly key: string
  readonly cert: string
  readonly audience: string
  readonly destination: string
  readonly recipient: string
  readonly inResponseTo: string | undefined
  readonly signs: 'assertion' | 'response' | 'both'
  readonly encryptFor: string | undefined
  readonly lifetimeInSeconds: number
  readonly authnContextClassRef: string
  readonly nameId: string
  readonly attributes: Readonly<Record<string, string | readonly string[]>>
}

export interface Samlp {
  /** @throws {Error} when it is not a request, or not signed by the certificate that is given. */
  readRequest(
    message: { readonly method: string; readonly query: URLSearchParams; readonly form: URLSearchParams },
    signingCertificate: string | undefined,
  ): Promise<AuthnRequest>
  /** Base64 of a Response. */
  createResponse(options: ResponseOptions): Promise<string>
}

type Callback<T> = (error: unknown, result?: T) => void

interface SamlpModule {
  parseRequest(request: object, options: object, callback: Callback<Partial<AuthnRequest>>): void
  getSamlResponse(options: object, user: object, callback: Callback<string>): void
}

/** @throws {Error} when samlp is not installed. */
export async function loadSamlp(): Promise<Samlp> {
  const samlp = await importSamlp()
  return {
    async readRequest({ method, query, form }, signingCertificate) {
      const request = { method, query: Object.fromEntries(query), body: Object.fromEntries(form) }
      const options = signingCertificate === undefined ? {} : { signingCert: signingCertificate }
      const read = await promised<Partial<AuthnRequest>>((done) => samlp.parseRequest(request, options, done))
      if (read?.id === undefined) throw new Error('not an AuthnRequest')
      return { ...read, id: read.id }
    },
    async createResponse({ signs, encryptFor, nameId, attributes, ...options }) {
      const mapper = () => ({
        getClaims: () => attributes,
        getNameIdentifier: () => ({
          nameIdentifier: nameId,
          nameIdentifierFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
        }),
      })
      const all = {
        ...options,
        profileMapper: mapper,
        signatureAlgorithm: 'rsa-sha256',
        digestAlgorithm: 'sha256',
        signAssertion: signs !== 'response',
        signResponse: signs !== 'assertion',
        ...(encryptFor === undefined ? {} : { encryptionCert: encryptFor, encryptionPublicKey: encryptFor }),
      }
      const xml = await promised<string>((done) => samlp.getSamlResponse(all, {}, done))
      return Buffer.from(xml ?? '').toString('base64')
    },
  }
}

async function importSamlp(): Promise<SamlpModule> {
  // Not a literal, so that building without development dependencies does not look for it.
  const name: string = 'samlp'
  try {
    const loaded = (await import(name)) as { readonly default: SamlpModule }
    return loaded.default
  } catch (cause) {
    throw new Error('the SAML demonstration needs the development dependency `samlp` (npm install)', {
      cause,
    })
  }
}

function promised<T>(start: (done: Callback<T>) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    start((error, result) => {
      if (error) reject(error instanceof Error ? error : new Error('samlp failed', { cause: error }))
      else resolve(result)
    })
  })
}
