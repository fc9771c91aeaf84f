/** Processes of the built product that share nothing but a Redis, a key ring by reference and a public address. */
import {
  AssumeRoleWithSAMLCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  GetWebIdentityTokenCommand,
} from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import type { SigningCredentials } from '../support/aws-signer.js'
import type { Product } from '../support/product.js'
import {
  federatedRole,
  newRingKey,
  prepareReplicas,
  samlProvider,
  type Replicas,
} from '../support/product-replicas.js'
import {
  accounts,
  assumeRole,
  createKey,
  enrolDevice,
  keysOf,
  refusalOf,
  roleArns,
  signedPost,
  stsClient,
  userArns,
  type EnrolledDevice,
} from '../support/product-token-service.js'
import { ask, auditLines } from '../support/product-visitor.js'
import { until } from '../support/until.js'

let replicas: Replicas
let one: Product
let other: Product
let engineer: SigningCredentials
let device: EnrolledDevice
let ringFile: string
const ringKeys = [newRingKey()]

beforeAll(async () => {
  replicas = await prepareReplicas(3)
  ringFile = await replicas.writeRing('ring', ringKeys)
  const [first = 0, second = 0] = replicas.ports
  one = await replicas.start(first, ringFile)
  other = await replicas.start(second, ringFile)
  engineer = await createKey(one, 'engineer')
  await until(async () => (await standing(other, engineer)) === userArns.engineer)
}, 60_000)
afterAll(async () => {
  await Promise.all([one?.stop('SIGKILL'), other?.stop('SIGKILL')])
  await Promise.all([one?.remove(), other?.remove()])
  await replicas?.stop()
})

/** The caller's ARN, or the name of the error. */
function standing(at: Product, credentials: SigningCredentials): Promise<string> {
  return stsClient(at, credentials)
    .send(new GetCallerIdentityCommand({}))
    .then(
      ({ Arn = '' }) => Arn,
      (error: Error) => error.name,
    )
}
const first = (at: Product) => assumeRole(stsClient(at, engineer), roleArns.first)
const firstSession = `arn:aws:sts::${accounts.home}:assumed-role/First/session`
const unsigned = (at: Product) => stsClient(at, { accessKeyId: 'unused', secretAccessKey: 'unused' })
const byAssertion = (at: Product, SAMLAssertion: string) =>
  unsigned(at).send(
    new AssumeRoleWithSAMLCommand({ RoleArn: federatedRole, PrincipalArn: samlProvider, SAMLAssertion }),
  )
const byToken = async (at: Product) =>
  unsigned(at).send(
    new AssumeRoleWithWebIdentityCommand({
      RoleArn: federatedRole,
      RoleSessionName: 'grace',
      WebIdentityToken: await replicas.webIdentityToken(),
    }),
  )
const ready = async (at: Product, query = '') => {
  const { status: code, text } = await ask(at.url, `/readyz${query}`)
  return { code, ...(JSON.parse(text) as { checks: Readonly<Record<string, string>> }) }
}
function logged(of: Product, event: string): readonly Readonly<Record<string, unknown>>[] {
  return of
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    .filter((line) => line['event'] === event)
}

async function changeOne(settings: object): Promise<void> {
  const reloads = logged(one, 'config.reloaded').length
  await replicas.change(one, settings)
  await until(() => logged(one, 'config.reloaded').length > reloads)
}

describe('two replicas', () => {
  it('open each other’s tokens, sessions made from sessions included', async () => {
    const session = await first(one)
    const next = await assumeRole(stsClient(other, session), roleArns.second)
    expect(await standing(other, session)).toBe(firstSession)
    expect(await standing(one, next)).toContain('assumed-role/Second/session')
    const own = keysOf((await stsClient(other, engineer).send(new GetSessionTokenCommand({}))).Credentials)
    expect(await standing(one, own)).toBe(userArns.engineer)
  })

  it('are one issuer of web identity tokens', async () => {
    const issuer = `${replicas.publicUrl}/tokens/${accounts.home}`
    for (const [issuing, serving] of [
      [one, other],
      [other, one],
    ] as const) {
      const command = new GetWebIdentityTokenCommand({ Audience: ['reports'], SigningAlgorithm: 'ES384' })
      const { WebIdentityToken = '' } = await stsClient(issuing, engineer).send(command)
      const keySet = new URL(`${serving.url}/tokens/${accounts.home}/.well-known/jwks.json`)
      const { payload } = await jwtVerify(WebIdentityToken, createRemoteJWKSet(keySet), {
        issuer,
        audience: 'reports',
      })
      expect(payload.sub).toBe(userArns.engineer)
    }
  })

  it('let an assertion be redeemed once', async () => {
    const assertion = await replicas.samlAssertion()
    const outcomes = await Promise.allSettled([one, other, one].map((at) => byAssertion(at, assertion)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await refusalOf(byAssertion(other, assertion))).toMatch(/^InvalidIdentityToken/)
  })

  it('enforce within a second what was revoked at the other', async () => {
    const [victim, neighbour] = [await first(one), await first(one)]
    const child = await assumeRole(stsClient(other, victim), roleArns.second)
    const answer = await signedPost(other, engineer, {
      path: '/v1/revocations',
      service: 'rolegate',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ type: 'session', accessKeyId: victim.accessKeyId }),
    })
    expect(answer.status).toBe(200)
    const answered = performance.now()
    expect([await standing(other, victim), await standing(other, child)]).toEqual([
      'ExpiredToken',
      'ExpiredToken',
    ])
    let found: readonly string[]
    do found = [await standing(one, victim), await standing(one, child)]
    while (found.some((one) => one !== 'ExpiredToken') && performance.now() - answered < 1_000)
    expect(found).toEqual(['ExpiredToken', 'ExpiredToken'])
    expect([await standing(one, neighbour), await standing(other, neighbour)]).toEqual([
      firstSession,
      firstSession,
    ])
  })
})

describe('a replica with the ring of somebody else', () => {
  it('does not become ready, says why to its operator, and issues nothing', async () => {
    const stranger = await replicas.start(
      replicas.ports[2] ?? 0,
      await replicas.writeRing('foreign', [newRingKey()]),
    )
    try {
      expect(await ready(stranger, '')).toMatchObject({
        code: 503,
        checks: { store: 'ok', keys: 'failed', configuration: 'ok' },
      })
      expect(logged(stranger, 'keys.foreign')).toMatchObject([
        { level: 'error', reason: expect.stringContaining('give this replica their ring') },
      ])
      expect(await refusalOf(byToken(stranger))).toBe(
        'ServiceUnavailable: credentials cannot be issued here at the moment, try again',
      )
      expect(await standing(stranger, await first(one))).toBe('InvalidClientTokenId')
      const lines = await auditLines(stranger)
      expect(lines.filter(({ eventName }) => eventName === 'AssumeRoleWithWebIdentity')).toMatchObject([
        { errorCode: expect.stringMatching(/Unavailable$/), additionalEventData: { reason: 'keys:foreign' } },
      ])
      expect([(await ready(one)).code, (await ready(other)).code]).toEqual([200, 200])
    } finally {
      await stranger.stop('SIGKILL')
      await stranger.remove()
    }
  })
})

describe('a ring that is changed under running replicas', () => {
  it('is followed by both, with no token refused meanwhile', async () => {
    const old = await first(one)
    const [before = '', after] = [ringKeys[0], newRingKey()]
    const failures: string[] = []
    const traffic = { goesOn: true }
    /** Issues at each and shows it to the other, all the time. */
    const busy = (issuing: Product, opening: Product) =>
      (async () => {
        let count = 0
        for (; traffic.goesOn; count++) {
          const found = await standing(opening, await first(issuing)).catch(String)
          if (found !== firstSession) failures.push(found)
        }
        return count
      })()
    const running = [busy(one, other), busy(other, one)]
    const changed = (times: number) =>
      until(() => [one, other].every((at) => logged(at, 'keys.changed').length === times))
    try {
      await replicas.writeRing('ring', [before, after])
      await changed(1)
      await replicas.writeRing('ring', [after, before])
      await changed(2)
      const active = [one, other].map((at) => logged(at, 'keys.changed').at(-1)?.['active'])
      expect(active[0]).toBe(active[1])
      expect([await standing(one, old), await standing(other, old)]).toEqual([firstSession, firstSession])
    } finally {
      traffic.goesOn = false
    }
    const counts = await Promise.all(running)
    expect(failures).toEqual([])
    expect(Math.min(...counts)).toBeGreaterThan(5)

    // What the store keeps is sealed under the new key by now, so nothing but old tokens needs the old one.
    const fresh = await first(one)
    await replicas.writeRing('ring', [after])
    await changed(3)
    expect([await standing(one, old), await standing(other, old)]).toEqual([
      'InvalidClientTokenId',
      'InvalidClientTokenId',
    ])
    expect([await standing(one, fresh), await standing(other, fresh)]).toEqual([firstSession, firstSession])
    expect(await standing(other, engineer)).toBe(userArns.engineer)
    await until(async () => (await ready(one)).code === 200 && (await ready(other)).code === 200)
    ringKeys.splice(0, 1, after)
  })

  it('and by one that starts afterwards, which knows the keys that were made before', async () => {
    const late = await replicas.start(replicas.ports[2] ?? 0, ringFile)
    try {
      expect((await ready(late)).code).toBe(200)
      expect(await standing(late, engineer)).toBe(userArns.engineer)
      expect(await standing(one, await first(late))).toBe(firstSession)
    } finally {
      await late.stop('SIGKILL')
      await late.remove()
    }
  })
})

describe('while Redis is down', () => {
  let session: Awaited<ReturnType<typeof first>>
  let assertion: string
  let code: { readonly SerialNumber: string; readonly TokenCode: string }
  const unavailable = /^ServiceUnavailable: /

  beforeAll(async () => {
    session = await first(one)
    await stsClient(one, engineer).send(
      new GetWebIdentityTokenCommand({ Audience: ['reports'], SigningAlgorithm: 'RS256' }),
    )
    device = await enrolDevice(one, 'engineer', 'phone')
    code = { SerialNumber: device.serialNumber, TokenCode: device.nextCode() }
    assertion = await replicas.samlAssertion()
    await replicas.redis.kill()
  }, 30_000)

  it('checking and issuing go on', async () => {
    for (const at of [one, other]) {
      expect(await standing(at, session)).toBe(firstSession)
      expect(await standing(at, await first(at))).toBe(firstSession)
      const own = keysOf((await stsClient(at, engineer).send(new GetSessionTokenCommand({}))).Credentials)
      expect(await standing(at, own)).toBe(userArns.engineer)
      expect(await standing(at, keysOf((await byToken(at)).Credentials))).toContain('assumed-role/Federated')
    }
    const command = new GetWebIdentityTokenCommand({ Audience: ['reports'], SigningAlgorithm: 'RS256' })
    expect((await stsClient(one, engineer).send(command)).WebIdentityToken).toMatch(/^ey/)
  })

  it('what counts once fails closed, and a client may ask again', async () => {
    for (const at of [one, other]) {
      expect(await refusalOf(byAssertion(at, assertion))).toMatch(unavailable)
      expect(await refusalOf(assumeRole(stsClient(at, engineer), roleArns.withMfa, code))).toMatch(
        unavailable,
      )
      const refused = await byAssertion(at, assertion).catch((error: unknown) => error)
      expect(refused).toMatchObject({ $fault: 'server', $metadata: { httpStatusCode: 503 } })
    }
    await changeOne({ sts: { replayProtection: true } })
    expect(await standing(one, session)).toBe('ServiceUnavailable')
    expect(await refusalOf(first(one))).toMatch(unavailable)
    expect(await standing(other, session)).toBe(firstSession)
    // With replay protection every signed request needs the store.
    expect(await ready(one)).toMatchObject({ code: 503, checks: { store: 'failed', keys: 'ok' } })
    expect(await ready(other)).toMatchObject({ code: 200, checks: { store: 'lost', keys: 'ok' } })
    expect(await ready(other, '?strict')).toMatchObject({ code: 503, checks: { store: 'lost' } })
  })

  it('and when it is back, all is as before', async () => {
    await replicas.redis.restart()
    await until(async () => (await ready(one)).code === 200 && (await ready(other)).code === 200)
    expect(await standing(one, session)).toBe(firstSession)
    // Neither was used up by the attempts that could not be counted.
    expect(keysOf((await byAssertion(other, assertion)).Credentials).accessKeyId).toMatch(/^ASIA/)
    expect((await assumeRole(stsClient(other, engineer), roleArns.withMfa, code)).accessKeyId).toMatch(
      /^ASIA/,
    )
    expect(await refusalOf(assumeRole(stsClient(one, engineer), roleArns.withMfa, code))).toMatch(
      /^AccessDenied: MultiFactorAuthentication failed with invalid MFA/,
    )
    const added = await createKey(one, 'newcomer')
    await until(async () => (await standing(other, added)) === userArns.newcomer)
  })

  it('one that hangs is one that is down', async () => {
    await changeOne({})
    replicas.redis.freeze()
    try {
      expect(await standing(one, await first(one))).toBe(firstSession)
      const wrong = { SerialNumber: device.serialNumber, TokenCode: '000000' }
      expect(await refusalOf(assumeRole(stsClient(one, engineer), roleArns.withMfa, wrong))).toMatch(
        unavailable,
      )
      expect(await refusalOf(byAssertion(other, await replicas.samlAssertion()))).toMatch(unavailable)
    } finally {
      replicas.redis.thaw()
    }
    await until(async () => (await ready(one)).code === 200 && (await ready(other)).code === 200)
    expect(
      keysOf((await byAssertion(other, await replicas.samlAssertion())).Credentials).accessKeyId,
    ).toMatch(/^ASIA/)
  })
})
