/**
 * Our side of the protocol towards the identity provider: the AuthnRequest a browser leaves with (SAML Profiles 4.1.4.1)
 * and the metadata that an administrator registers there. The only importer of samlify besides `verify-response.ts`.
 */
import type { IdentityProviderInstance, ServiceProviderInstance } from 'samlify'
import type { Clock, RandomBytes } from '../../fault.js'
import { Fault } from '../../fault.js'
import type { Departure } from '../assertion.js'
import type { SamlSettings } from '../settings.js'
import type { IdpMetadata } from './metadata.js'
import { loadSamlify } from './load-samlify.js'
import { bindings, rsaSha256 } from './names.js'

export interface ServiceProvider {
  readonly metadataXml: string
  /** @throws {Fault} `ProviderUnavailable` when the identity provider does not offer the configured binding. */
  request(idp: IdpMetadata, relayState: string): { readonly departure: Departure; readonly requestId: string }
}

export async function createServiceProvider(
  settings: SamlSettings,
  deps: { readonly now: Clock; readonly random: RandomBytes },
): Promise<ServiceProvider> {
  const samlify = await loadSamlify()
  const describe = (signed: boolean) =>
    samlify.ServiceProvider({
      entityID: settings.entityId,
      authnRequestsSigned: signed,
      wantAssertionsSigned: true,
      requestSignatureAlgorithm: rsaSha256,
      privateKey: settings.signing.key,
      signingCert: settings.signing.certificate,
      encryptCert: settings.encryption.certificate,
      assertionConsumerService: [{ Binding: bindings.post, Location: settings.acsUrl }],
      nameIDFormat: [settings.nameIdFormat ?? 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified'],
    })
  const signing = describe(true)
  const plain = describe(false)

  const render = (destination: string) => (template: string) => {
    const id = `_${deps.random(20).toString('hex')}`
    const context = samlify.SamlLib.replaceTagsByValue(template, {
      ID: id,
      Destination: destination,
      Issuer: settings.entityId,
      IssueInstant: deps.now().toISOString(),
      NameIDFormat: settings.nameIdFormat,
      AllowCreate: true,
      ProtocolBinding: bindings.post,
      AssertionConsumerServiceURL: settings.acsUrl,
      AssertionConsumerServiceIndex: undefined,
      ForceAuthn: undefined,
    })
    return { id, context }
  }

  return {
    metadataXml: (settings.signRequests ? signing : plain).getMetadata(),
    request(idp, relayState) {
      const binding = settings.requestBinding
      const destination = idp.singleSignOn[binding]
      if (destination === undefined) {
        throw new Fault('ProviderUnavailable', 'the identity provider cannot be used right now', {
          reason: 'saml:no-endpoint',
          cause: new Error(`the metadata offers no ${binding} binding for sign-on`),
        })
      }
      const signed = settings.signRequests || idp.wantsSignedRequests
      // All that the library asks of the other side; its own description of one prints warnings about log-out.
      const entityMeta = {
        isWantAuthnRequestsSigned: () => signed,
        getSingleSignOnService: () => destination,
      }
      const peer = { entityMeta } as unknown as IdentityProviderInstance
      const own: ServiceProviderInstance = signed ? signing : plain
      const made = own.createLoginRequest(peer, binding, {
        relayState,
        customTagReplacement: render(destination),
      })
      return { requestId: made.id, departure: departureFrom(binding, destination, made.context, relayState) }
    },
  }
}

function departureFrom(
  binding: SamlSettings['requestBinding'],
  destination: string,
  context: string,
  relayState: string,
): Departure {
  if (binding === 'redirect') return { type: 'redirect', location: new URL(context) }
  const fields = new Map([
    ['SAMLRequest', context],
    ['RelayState', relayState],
  ])
  return { type: 'form', action: new URL(destination), fields }
}
