/** A provider on a clock that stands still, keys of a run, and one way to post a message to it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Assertion, IdentityProvider, PendingSignIn } from '../../../../src/federation/assertion.js'
import { createSamlProvider } from '../../../../src/federation/saml/saml-provider.js'
import { createInlineVerifier } from '../../../../src/federation/saml/verifier.js'
import type { Verifier } from '../../../../src/federation/saml/verifier.js'
import type { SamlSettings } from '../../../../src/federation/settings.js'
import { createEmbeddedStore } from '../../../../src/store/embedded-store.js'
import { testClock } from '../../../support/clock.js'
import type { TestClock } from '../../../support/clock.js'
import { base64Of, makeKeyAndCertificate } from '../../../support/saml-certificate.js'
import { formArrival, samlSettings, serviceProviderUrls } from '../../../support/saml-idp.js'
import { keptLog } from '../../../support/silent-log.js'
import type { Surroundings } from './message.js'

export const idpEntityId = 'https://idp.example/metadata'

export interface Lab {
  readonly clock: TestClock
  readonly log: ReturnType<typeof keptLog>
  readonly verifier: Verifier
  readonly around: Surroundings
  provider(overrides?: Partial<SamlSettings>, verifier?: Verifier): Promise<IdentityProvider>
  /** A sign-in that has begun, and what a message that answers it has to say. */
  begin(
    provider: IdentityProvider,
  ): Promise<{ readonly pending: PendingSignIn; readonly around: Surroundings }>
  close(): Promise<void>
}

export async function openLab(): Promise<Lab> {
  const directory = await mkdtemp(join(tmpdir(), 'rolegate-saml-'))
  const clock = testClock()
  const log = keptLog()
  const store = await createEmbeddedStore({ directory, now: clock.now })
  const verifier = createInlineVerifier()
  const keys = {
    idp: makeKeyAndCertificate('idp'),
    next: makeKeyAndCertificate('idp next'),
    stranger: makeKeyAndCertificate('stranger'),
  }
  const signing = makeKeyAndCertificate('broker signing')
  const encryption = makeKeyAndCertificate('broker encryption')
  const around: Surroundings = {
    now: clock.now(),
    requestId: '_unknown',
    idpEntityId,
    spEntityId: serviceProviderUrls.entityId,
    acsUrl: serviceProviderUrls.acsUrl,
    keys,
    encryption,
  }
  const metadata = { type: 'text', xml: idpMetadata([keys.idp.certificate, keys.next.certificate]) } as const
  return {
    clock,
    log,
    verifier,
    around,
    provider: (overrides = {}, other = verifier) =>
      createSamlProvider(samlSettings({ signing, encryption, metadata, ...overrides }), {
        store,
        now: clock.now,
        log,
        verifier: other,
      }),
    async begin(provider) {
      const { pending } = await provider.redirect!.begin()
      return {
        pending,
        around: { ...around, now: clock.now(), requestId: pending.secrets['requestId'] ?? '' },
      }
    },
    async close() {
      await store.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

export function idpMetadata(certificates: readonly string[], attributes = ''): string {
  const keys = certificates.map(
    (certificate) =>
      `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>${base64Of(certificate)}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`,
  )
  return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${idpEntityId}"${attributes}><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">${keys.join('')}<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`
}

export function base64(message: string | Uint8Array): string {
  return Buffer.from(message).toString('base64')
}

export function post(
  provider: IdentityProvider,
  pending: PendingSignIn,
  message: string | Uint8Array,
): Promise<Assertion> {
  return provider.redirect!.complete(
    formArrival({ SAMLResponse: base64(message), RelayState: pending.id }),
    pending,
  )
}
