/** Signing in through a real identity provider that signs with another implementation than the one that verifies. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { DemoSamlIdp, DemoSamlIdpOptions } from '../../../src/demo/saml-idp.js'
import type { IdentityProvider } from '../../../src/federation/assertion.js'
import { createSamlProvider } from '../../../src/federation/saml/saml-provider.js'
import { createInlineVerifier } from '../../../src/federation/saml/verifier.js'
import type { SamlSettings } from '../../../src/federation/settings.js'
import { createEmbeddedStore } from '../../../src/store/embedded-store.js'
import type { ExpiringStore } from '../../../src/store/expiring-store.js'
import { makeKeyAndCertificate } from '../../support/saml-certificate.js'
import {
  ada,
  fieldsOf,
  grace,
  leave,
  samlSettings,
  serviceProviderUrls,
  signInInBrowser,
  startTestSamlIdp,
} from '../../support/saml-idp.js'
import { keptLog } from '../../support/silent-log.js'

const signing = makeKeyAndCertificate('broker signing')
const encryption = makeKeyAndCertificate('broker encryption')
const idpKeys = makeKeyAndCertificate('idp')
const verifier = createInlineVerifier()
const now = () => new Date()
let directory: string
let store: ExpiringStore
const idps: DemoSamlIdp[] = []
const providers: IdentityProvider[] = []

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rolegate-saml-'))
  store = await createEmbeddedStore({ directory, now })
})

afterAll(async () => {
  await Promise.all([...idps, ...providers].map((it) => it.close()))
  await store.close()
  await rm(directory, { recursive: true, force: true })
})

async function connect(
  idpOptions: Partial<Omit<DemoSamlIdpOptions, 'relyingParty'>> & {
    readonly relyingParty?: Partial<DemoSamlIdpOptions['relyingParty']>
  } = {},
  overrides: Partial<SamlSettings> = {},
): Promise<{ readonly idp: DemoSamlIdp; readonly provider: IdentityProvider }> {
  const idp = await startTestSamlIdp({
    signing: idpKeys,
    ...idpOptions,
    relyingParty: { ...serviceProviderUrls, ...idpOptions.relyingParty },
  })
  idps.push(idp)
  const settings = samlSettings({
    signing,
    encryption,
    metadata: { type: 'url', url: idp.metadataUrl, refreshSeconds: 3600 },
    ...overrides,
  })
  const provider = await createSamlProvider(settings, { store, now, log: keptLog(), verifier })
  providers.push(provider)
  return { idp, provider }
}

async function signIn(provider: IdentityProvider, person = ada) {
  const { departure, pending } = await provider.redirect!.begin()
  return provider.redirect!.complete(await signInInBrowser(departure, person), pending)
}

describe('signing in', () => {
  it.each(['redirect', 'post'] as const)('works when the request goes by %s', async (requestBinding) => {
    const { idp, provider } = await connect({}, { requestBinding })

    const assertion = await signIn(provider)

    expect(assertion).toMatchObject({
      provider: 'corp',
      kind: 'saml',
      issuer: idp.entityId,
      subject: 'ada',
      audience: serviceProviderUrls.entityId,
      username: 'ada',
      displayName: 'Ada Lovelace',
      email: 'ada@example.com',
      groups: ['engineers', 'Mathematiker:innen'],
      multiFactor: false,
    })
  })

  it.each(['redirect', 'post'] as const)(
    'signs the request by %s, and the identity provider checks it',
    async (requestBinding) => {
      const relyingParty = { signingCertificate: signing.certificate }
      const { provider } = await connect({ relyingParty }, { requestBinding, signRequests: true })
      const { provider: impostor } = await connect(
        { relyingParty },
        { requestBinding, signRequests: true, signing: makeKeyAndCertificate('somebody else') },
      )

      await expect(signIn(provider)).resolves.toMatchObject({ subject: 'ada' })
      const { departure } = await impostor.redirect!.begin()
      expect((await leave(departure)).status).toBe(400)
    },
  )

  it.each(['assertion', 'response', 'both'] as const)('accepts a signature on: %s', async (signs) => {
    const { provider } = await connect({ signs })

    await expect(signIn(provider)).resolves.toMatchObject({ subject: 'ada' })
  })

  it.each(['assertion', 'response', 'both'] as const)(
    'accepts an encrypted assertion, signed on: %s',
    async (signs) => {
      const { provider } = await connect({
        signs,
        relyingParty: { encryptionCertificate: encryption.certificate },
      })

      await expect(signIn(provider)).resolves.toMatchObject({ subject: 'ada', username: 'ada' })
    },
  )

  it('turns attributes into condition keys and into what AWS reads from them', async () => {
    const { provider, idp } = await connect()

    const assertion = await signIn(provider)

    expect(Object.fromEntries(assertion.conditionKeys)).toEqual({
      'saml:aud': serviceProviderUrls.acsUrl,
      'saml:iss': idp.entityId,
      'saml:sub': 'ada',
      'saml:sub_type': 'persistent',
      'saml:groups': ['engineers', 'Mathematiker:innen'],
      'saml:department': 'R&D "compute"',
    })
    expect(assertion).toMatchObject({
      roleSessionName: 'ada',
      sourceIdentity: 'ada',
      maxSessionSeconds: 7200,
      transitiveTagKeys: ['team'],
      roleClaims: [
        {
          roleArn: 'arn:aws:iam::111122223333:role/Reader',
          providerArn: 'arn:aws:iam::111122223333:saml-provider/corp',
        },
      ],
    })
    expect(Object.fromEntries(assertion.tags)).toEqual({ team: 'engine' })
  })

  it('knows from the authentication context that two factors were used', async () => {
    const { provider } = await connect()

    await expect(signIn(provider, grace)).resolves.toMatchObject({ subject: 'grace', multiFactor: true })
  })

  it('answers only the browser that asked', async () => {
    const { provider } = await connect()
    const first = await provider.redirect!.begin()
    const second = await provider.redirect!.begin()
    const arrival = await signInInBrowser(first.departure, ada)

    await expect(provider.redirect!.complete(arrival, second.pending)).rejects.toMatchObject({
      code: 'InvalidAssertion',
      reason: 'saml:relaystate',
    })
    const forged = { ...second.pending, id: first.pending.id }
    await expect(provider.redirect!.complete(arrival, forged)).rejects.toMatchObject({
      reason: 'saml:inresponseto',
    })
    await expect(provider.redirect!.complete(arrival, first.pending)).resolves.toMatchObject({
      subject: 'ada',
    })
  })

  it('has metadata from which another implementation can be configured', async () => {
    const { provider } = await connect({}, { signRequests: true })

    const metadata = provider.metadata!()

    expect(metadata).toContain(`entityID="${serviceProviderUrls.entityId}"`)
    expect(metadata).toContain('AuthnRequestsSigned="true"')
    expect(metadata).toContain('WantAssertionsSigned="true"')
    expect(metadata).toContain(`Location="${serviceProviderUrls.acsUrl}"`)
    expect(metadata.match(/<KeyDescriptor use="(signing|encryption)">/g)).toHaveLength(2)
  })
})

describe('the identity provider of the demonstration', () => {
  it('answers nobody who asks for another address', async () => {
    const { provider } = await connect({}, { acsUrl: 'https://evil.example/callback' })

    const { departure } = await provider.redirect!.begin()
    const page = await leave(departure)

    expect(page.status).toBe(400)
    expect(fieldsOf(await page.text())).toEqual({})
  })

  it('says no to a wrong password', async () => {
    const { provider } = await connect()
    const { departure } = await provider.redirect!.begin()

    const arrival = await signInInBrowser(departure, { ...ada, password: 'guess' })

    expect(arrival.rawBody).not.toContain('SAMLResponse')
  })

  it('gives an unsolicited assertion to a program, good once for AssumeRoleWithSAML', async () => {
    const { provider, idp } = await connect()
    const response = await fetch(`${idp.url}/assertion`, {
      method: 'POST',
      body: new URLSearchParams({ username: ada.username, password: ada.password }),
    })
    const token = await response.text()

    await expect(provider.token!.verify(token)).resolves.toMatchObject({
      subject: 'ada',
      roleSessionName: 'ada',
    })
    await expect(provider.token!.verify(token)).rejects.toMatchObject({ reason: 'saml:replay' })
  })
})
