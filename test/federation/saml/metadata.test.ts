/** The identity provider's metadata: what is taken from it, when it is fetched again, what never replaces a good one. */
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createMetadataSource } from '../../../src/federation/saml/metadata-source.js'
import { parseIdpMetadata } from '../../../src/federation/saml/metadata.js'
import { testClock } from '../../support/clock.js'
import { base64Of, makeKeyAndCertificate } from '../../support/saml-certificate.js'
import { keptLog } from '../../support/silent-log.js'
import { idpEntityId, idpMetadata, openLab, post } from './lab/lab.js'
import { makeMessage } from './lab/message.js'

const [first, second] = [makeKeyAndCertificate('first'), makeKeyAndCertificate('second')]
const good = idpMetadata([first.certificate])
let server: Server
let url: string
let answer: RequestListener = (_, response) => response.end(good)
let fetches = 0

beforeAll(async () => {
  server = createServer((request, response) => {
    fetches++
    answer(request, response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metadata`
})

afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const body =
  (text: string): RequestListener =>
  (_, response) =>
    response.end(text)

describe('metadata', () => {
  it('says who, where and with which keys', () => {
    expect(parseIdpMetadata(idpMetadata([first.certificate, second.certificate]))).toEqual({
      entityId: idpEntityId,
      signingCertificates: [base64Of(first.certificate), base64Of(second.certificate)],
      singleSignOn: { redirect: 'https://idp.example/sso', post: undefined },
      wantsSignedRequests: false,
      validUntil: undefined,
    })
  })

  it('takes a key without `use` for signing, and none that is for encryption', () => {
    const both = good.replace(' use="signing"', '')
    const none = good.replace('use="signing"', 'use="encryption"')

    expect(parseIdpMetadata(both).signingCertificates).toHaveLength(1)
    expect(() => parseIdpMetadata(none)).toThrow('no certificate for signing')
  })

  it.each([
    ['nothing', '', ''],
    ['noise', 'not xml', ''],
    ['a document type', `<!DOCTYPE x>${good}`, 'document type'],
    [
      'several entities',
      `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">${good}</md:EntitiesDescriptor>`,
      'several entities',
    ],
    ['no entityID', good.replace(/entityID="[^"]*"/, ''), 'no entityID'],
    [
      'no role of an identity provider',
      good.replaceAll('IDPSSODescriptor', 'SPSSODescriptor'),
      'IDPSSODescriptor',
    ],
    ['a certificate that is none', good.replace(/X509Certificate>[^<]{20}/, 'X509Certificate>AAAA'), ''],
    [
      'a key that is too short',
      idpMetadata([makeKeyAndCertificate('short', 512).certificate]),
      'at least 1024 bits',
    ],
    [
      'an address that is a script',
      good.replace('https://idp.example/sso', 'javascript:alert(1)'),
      'not http',
    ],
    ['an end that is no time', idpMetadata([first.certificate], ' validUntil="soon"'), 'validUntil'],
  ])('is refused: %s', (_, xml, message) => {
    expect(() => parseIdpMetadata(xml)).toThrow(message)
  })

  it('is over when it says so', async () => {
    const clock = testClock('2026-01-01T00:00:00Z')
    const xml = idpMetadata([first.certificate], ' validUntil="2026-01-01T01:00:00Z"')
    const source = await createMetadataSource(
      { name: 'corp', metadata: { type: 'text', xml } },
      { now: clock.now, log: keptLog() },
    )

    await expect(source.current()).resolves.toMatchObject({ entityId: idpEntityId })
    clock.advance(3_600)
    await expect(source.current()).rejects.toMatchObject({
      code: 'ProviderUnavailable',
      reason: 'saml:metadata-expired',
    })
  })
})

describe('metadata from an address (SAML-58)', () => {
  async function source(clock = testClock()) {
    const log = keptLog()
    const made = await createMetadataSource(
      { name: 'corp', metadata: { type: 'url', url, refreshSeconds: 3_600 } },
      { now: clock.now, log },
    )
    return { made, clock, log }
  }

  /** A due source renews in the background; the answer after that is the new one. */
  async function renewed({ made, log }: Awaited<ReturnType<typeof source>>) {
    const seen = log.lines.length
    await made.current()
    while (log.lines.length === seen) await new Promise((resolve) => setImmediate(resolve))
    return made.current()
  }

  it('is fetched again when it is due, and not before', async () => {
    answer = body(good)
    const it = await source()
    const before = fetches
    await it.made.current()
    expect(fetches).toBe(before)

    answer = body(idpMetadata([first.certificate, second.certificate]))
    it.clock.advance(3_600)
    await expect(renewed(it)).resolves.toMatchObject({ signingCertificates: { length: 2 } })
  })

  it.each<[string, RequestListener]>([
    ['another entityID', body(good.replace(idpEntityId, 'https://evil.example'))],
    ['metadata that is over', body(idpMetadata([first.certificate], ' validUntil="2001-01-01T00:00:00Z"'))],
    ['noise', body('noise')],
    ['an error', (_, response) => response.writeHead(500).end(good)],
    ['a redirect', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()],
    ['more than 10 MB', (_, response) => response.end(Buffer.alloc(11_000_000, ' '))],
  ])('is kept when what comes next is: %s', async (_, next) => {
    answer = body(good)
    const it = await source()

    answer = next
    it.clock.advance(3_600)

    await expect(renewed(it)).resolves.toMatchObject({ entityId: idpEntityId })
    expect(it.log.lines.at(-1)).toMatchObject({
      event: 'saml.metadata.rejected',
      fields: { provider: 'corp', keptPrevious: true },
    })
  })

  it('does not keep the program from starting when it cannot be had, and is had later', async () => {
    answer = (_, response) => response.writeHead(503).end()
    const { made, clock } = await source()
    await expect(made.current()).rejects.toMatchObject({
      code: 'ProviderUnavailable',
      reason: 'saml:metadata-missing',
    })

    answer = body(good)
    await expect(made.current()).rejects.toMatchObject({ code: 'ProviderUnavailable' })
    clock.advance(10)
    await expect(made.current()).resolves.toMatchObject({ entityId: idpEntityId })
  })

  it('is never fetched over an open line', async () => {
    await expect(
      createMetadataSource(
        { name: 'corp', metadata: { type: 'url', url: 'http://idp.example/metadata', refreshSeconds: 60 } },
        { now: () => new Date(), log: keptLog() },
      ),
    ).rejects.toThrow('https')
  })
})

describe('a key that has left the metadata', () => {
  it('signs nobody in any more', async () => {
    const lab = await openLab()
    const metadata = { type: 'text', xml: idpMetadata([lab.around.keys.next.certificate]) } as const
    const provider = await lab.provider({ metadata })
    const { pending, around } = await lab.begin(provider)

    const old = await makeMessage({}, around)
    const current = await makeMessage({ assertionSignature: { key: 'next', keyInfo: 'next' } }, around)

    await expect(post(provider, pending, old.xml)).rejects.toMatchObject({ reason: 'saml:untrusted-key' })
    await expect(post(provider, pending, current.xml)).resolves.toMatchObject({ subject: 'ada' })
    await lab.close()
  })
})
