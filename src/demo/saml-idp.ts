/**
 * A SAML identity provider for trying the product out: real protocol, real signatures, a handful of people, on the
 * loopback interface only. It signs with another implementation (samlp) than the one that verifies, so that the two
 * sides cannot agree on a mistake. Not for anything but demonstrations and tests.
 */
import { randomBytes } from 'node:crypto'
import type { RandomBytes } from '../fault.js'
import { findPerson } from './saml-idp-people.js'
import type { DemoSamlPerson } from './saml-idp-people.js'
import { errorPage, postPage, signInPage } from './saml-idp-pages.js'
import type { Page } from './saml-idp-pages.js'
import { loadSamlp } from './saml-idp-samlp.js'
import type { AuthnRequest, Samlp } from './saml-idp-samlp.js'
import { listenOnLoopback } from './saml-idp-server.js'
import type { DemoRequest } from './saml-idp-server.js'

export interface DemoSamlIdpOptions {
  /** 0: any free port. */
  readonly port: number
  readonly people: readonly DemoSamlPerson[]
  /** PEM, RSA. Made at start by the caller; the certificate goes into the metadata. */
  readonly signing: { readonly key: string; readonly certificate: string }
  /** The one relying party it knows; every response goes to this address. */
  readonly relyingParty: {
    readonly entityId: string
    readonly acsUrl: string
    /** PEM; when given, requests that it did not sign are refused. */
    readonly signingCertificate?: string
    /** PEM; when given, assertions are encrypted for it. */
    readonly encryptionCertificate?: string
  }
  readonly signs?: 'assertion' | 'response' | 'both'
  readonly random?: RandomBytes
}

export interface DemoSamlIdp {
  readonly url: string
  readonly entityId: string
  readonly metadataUrl: string
  readonly metadataXml: string
  close(): Promise<void>
}

const maxPendingRequests = 1_000
const pendingMs = 10 * 60_000

interface PendingRequest {
  readonly request: AuthnRequest
  readonly relayState: string
  readonly expiresAt: number
}

/** @throws {Error} when samlp, a development dependency, is not installed, or the port is taken. */
export async function startDemoSamlIdp(options: DemoSamlIdpOptions): Promise<DemoSamlIdp> {
  const { people, relyingParty, random = randomBytes } = options
  const samlp = await loadSamlp()
  const pending = new Map<string, PendingRequest>()
  const server = await listenOnLoopback(options.port, (request) => respond(request))
  const url = server.url
  const entityId = `${url}/metadata`
  const metadataXml = describe(url, entityId, options)
  const answer = (person: DemoSamlPerson, inResponseTo: string | undefined) =>
    createResponse(samlp, options, entityId, person, inResponseTo)

  const respond = async ({ method, path, query, form }: DemoRequest): Promise<Page> => {
    const sent = method === 'POST' ? form : query
    switch (`${method} ${path}`) {
      case 'GET /metadata':
        return { status: 200, type: 'application/samlmetadata+xml', body: metadataXml }
      case 'GET /sso':
      case 'POST /sso': {
        const request = await samlp.readRequest({ method, query, form }, relyingParty.signingCertificate)
        const problem = problemWith(request, `${url}/sso`, relyingParty)
        if (problem !== undefined) return errorPage(problem)
        return signInPage(remember(request, sent.get('RelayState') ?? ''))
      }
      case 'POST /sign-in':
        return signIn(form)
      case 'POST /assertion': {
        const person = findPerson(people, form.get('username'), form.get('password'))
        if (!person) return { status: 401, type: 'text/plain', body: 'user name or password is wrong\n' }
        return { status: 200, type: 'text/plain', body: `${await answer(person, undefined)}\n` }
      }
      default:
        return errorPage('there is no such page', 404)
    }
  }

  const remember = (request: AuthnRequest, relayState: string): string => {
    const now = Date.now()
    for (const [ticket, { expiresAt }] of pending) {
      if (expiresAt <= now || pending.size >= maxPendingRequests) pending.delete(ticket)
    }
    const ticket = random(16).toString('hex')
    pending.set(ticket, { request, relayState, expiresAt: now + pendingMs })
    return ticket
  }

  const signIn = async (form: URLSearchParams): Promise<Page> => {
    const ticket = form.get('ticket') ?? ''
    const waiting = pending.get(ticket)
    if (!waiting || waiting.expiresAt <= Date.now()) return errorPage('this sign-in is over; start again')
    const person = findPerson(people, form.get('username'), form.get('password'))
    if (!person) return signInPage(ticket, 'User name or password is wrong.')
    pending.delete(ticket)
    return postPage(relyingParty.acsUrl, random(16).toString('base64'), {
      SAMLResponse: await answer(person, waiting.request.id),
      RelayState: waiting.relayState,
    })
  }

  return { url, entityId, metadataUrl: entityId, metadataXml, close: () => server.close() }
}

/** SAML Profiles 4.1.4.1: an answer goes only where the relying party is registered, whatever the request says. */
function problemWith(
  request: AuthnRequest,
  ssoUrl: string,
  relyingParty: DemoSamlIdpOptions['relyingParty'],
): string | undefined {
  if (request.issuer !== relyingParty.entityId) return 'the request comes from an unknown relying party'
  const { assertionConsumerServiceURL: acsUrl, destination } = request
  if (acsUrl !== undefined && acsUrl !== relyingParty.acsUrl) return 'the request asks for another address'
  if (destination !== undefined && destination !== ssoUrl) return 'the request was made for another address'
  return undefined
}

function createResponse(
  samlp: Samlp,
  { signing, relyingParty, signs = 'both' }: DemoSamlIdpOptions,
  entityId: string,
  person: DemoSamlPerson,
  inResponseTo: string | undefined,
): Promise<string> {
  return samlp.createResponse({
    issuer: entityId,
    key: signing.key,
    cert: signing.certificate,
    audience: relyingParty.entityId,
    destination: relyingParty.acsUrl,
    recipient: relyingParty.acsUrl,
    inResponseTo,
    signs,
    encryptFor: relyingParty.encryptionCertificate,
    lifetimeInSeconds: 300,
    authnContextClassRef: person.multiFactor
      ? 'https://refeds.org/profile/mfa'
      : 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
    nameId: person.username,
    attributes: {
      username: person.username,
      displayName: person.displayName,
      email: person.email,
      groups: person.groups,
      ...(person.department === undefined ? {} : { department: person.department }),
      'https://aws.amazon.com/SAML/Attributes/RoleSessionName': person.username,
      ...person.attributes,
    },
  })
}

function describe(url: string, entityId: string, { signing, relyingParty }: DemoSamlIdpOptions): string {
  const base64 = signing.certificate.replace(/-----[^-]+-----|\s+/g, '')
  const wantsSigned = relyingParty.signingCertificate !== undefined
  const endpoints = ['HTTP-Redirect', 'HTTP-POST'].map(
    (binding) =>
      `<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:${binding}" Location="${url}/sso"/>`,
  )
  return [
    `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityId}">`,
    `<IDPSSODescriptor WantAuthnRequestsSigned="${wantsSigned}" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">`,
    '<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data>',
    `<X509Certificate>${base64}</X509Certificate>`,
    '</X509Data></KeyInfo></KeyDescriptor>',
    '<NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat>',
    ...endpoints,
    '</IDPSSODescriptor></EntityDescriptor>',
  ].join('')
}
