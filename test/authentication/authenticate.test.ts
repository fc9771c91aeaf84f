import { beforeEach, describe, expect, it } from '@jest/globals'
import type { WireResponse } from '../../src/http/wire.js'
import { presign, sign, type RequestToSign, type SignedRequest } from '../support/aws-signer.js'
import { codeOf, elementOf, stsHouse, type StsHouse } from '../support/sts-house.js'
import { jsonBeside } from '../support/json.js'
import { directoryOf } from '../support/roles.js'
import { sketches } from '../support/sts-house.js'

const whoAmI = 'Action=GetCallerIdentity&Version=2011-06-15'
let house: StsHouse
beforeEach(async () => {
  house = await stsHouse()
})

const signedNow = (body = whoAmI) => sign(house.session(), { body }, house.clock.now())

function withHeader(
  request: SignedRequest,
  wanted: string,
  change: (value: string) => string,
): SignedRequest {
  return {
    ...request,
    headers: request.headers.map(([name, value]) => [name, name === wanted ? change(value) : value] as const),
  }
}

describe('a signed request', () => {
  it('is answered with who signed it', async () => {
    const response = await house.call(house.session(), { Action: 'GetCallerIdentity' })
    expect(response.status).toBe(200)
    expect(elementOf(response, 'Arn')).toBe('arn:aws:sts::111122223333:assumed-role/Developer/ada')
    expect(elementOf(response, 'UserId')).toMatch(/^AROA[A-Z]{17}:ada$/)
    expect(elementOf(response, 'Account')).toBe('111122223333')
    expect(house.events).toMatchObject([
      { eventName: 'GetCallerIdentity', userIdentity: { type: 'AssumedRole' } },
    ])
  })

  it('is InvalidClientTokenId when there is no token, a foreign one, or one of another key', async () => {
    const own = house.session()
    const elsewhere = (await stsHouse()).session()
    const other = house.session()
    for (const claimed of [
      { accessKeyId: own.accessKeyId, secretAccessKey: own.secretAccessKey },
      elsewhere,
      { ...own, sessionToken: other.sessionToken },
      { ...own, accessKeyId: 'AKIAIOSFODNN7EXAMPLE' },
    ]) {
      const response = await house.send(await sign(claimed, { body: whoAmI }, house.clock.now()))
      expect(response.status).toBe(403)
      expect(codeOf(response)).toBe('InvalidClientTokenId')
      expect(elementOf(response, 'Message')).toBe('The security token included in the request is invalid.')
    }
  })

  it('is ExpiredToken once the session is over, to the second', async () => {
    const session = house.session()
    house.clock.advance(3599)
    expect((await house.call(session, { Action: 'GetCallerIdentity' })).status).toBe(200)
    house.clock.advance(1)
    const response = await house.call(session, { Action: 'GetCallerIdentity' })
    expect([response.status, codeOf(response)]).toEqual([403, 'ExpiredToken'])
    expect(elementOf(response, 'Message')).toBe('The security token included in the request is expired')
  })

  it('is InvalidClientTokenId when the role behind it is gone or was made again', async () => {
    const session = house.session()
    const again = house.session('Developer', { roleId: 'AROAANOTHERDEVELOPERX' })
    expect(codeOf(await house.call(again, { Action: 'GetCallerIdentity' }))).toBe('InvalidClientTokenId')
    house.directory = directoryOf(sketches.filter(({ name }) => name !== 'Developer'))
    expect(codeOf(await house.call(session, { Action: 'GetCallerIdentity' }))).toBe('InvalidClientTokenId')
  })

  it('SIGV4-25: is SignatureDoesNotMatch with any other secret', async () => {
    const session = house.session()
    for (const secretAccessKey of [
      '',
      'undefined',
      session.accessKeyId,
      session.sessionToken,
      'a'.repeat(40),
    ]) {
      const response = await house.send(
        await sign({ ...session, secretAccessKey }, { body: whoAmI }, house.clock.now()),
      )
      expect(codeOf(response)).toBe('SignatureDoesNotMatch')
      expect(elementOf(response, 'Message')).toMatch(/^The request signature we calculated does not match/)
    }
    expect(house.events.every((event) => event.errorCode === 'SignatureDoesNotMatch')).toBe(true)
    expect(house.events[0]?.additionalEventData).toEqual({ reason: 'sts:signature', identityProven: false })
  })

  it('SIGV4-02: is refused outside 15 minutes, with the time it was given and the time it is', async () => {
    const request = await signedNow()
    house.clock.advance(900)
    expect((await house.send(request)).status).toBe(200)
    house.clock.advance(1)
    const late = await house.send(request)
    expect(elementOf(late, 'Message')).toBe(
      'Signature expired: 20260102T030405Z is now earlier than 20260102T030406Z (20260102T031906Z - 15 min.)',
    )
    house.clock.advance(-1802)
    const early = await house.send(request)
    expect(elementOf(early, 'Message')).toBe(
      'Signature not yet current: 20260102T030405Z is still later than 20260102T030404Z (20260102T024904Z + 15 min.)',
    )
    expect(codeOf(early)).toBe('SignatureDoesNotMatch')
  })

  it('SIGV4-15, SIGV4-24: works only for hosts of ours, whatever a proxy header says', async () => {
    const elsewhere = await sign(
      house.session(),
      { body: whoAmI, host: 'vault.example.net' },
      house.clock.now(),
    )
    expect(codeOf(await house.send(elsewhere))).toBe('SignatureDoesNotMatch')
    const forwarded = {
      ...elsewhere,
      headers: [...elsewhere.headers, ['x-forwarded-host', 'sts.example.test'] as const],
    }
    expect(codeOf(await house.send(forwarded))).toBe('SignatureDoesNotMatch')
    const moved = withHeader(await signedNow(), 'host', () => 'vault.example.net')
    expect(codeOf(await house.send(moved))).toBe('SignatureDoesNotMatch')
  })

  it('SIGV4-04: is taken in any region that is written like one, and in no other service', async () => {
    for (const region of ['us-east-1', 'local-1', 'aws-global'])
      expect((await house.call(house.session(), { Action: 'GetCallerIdentity' }, { region })).status).toBe(
        200,
      )
    const s3 = await house.call(house.session(), { Action: 'GetCallerIdentity' }, { service: 's3' })
    expect(elementOf(s3, 'Message')).toBe("Credential should be scoped to correct service: 'sts'. ")
    const both = await house.call(
      house.session(),
      { Action: 'GetCallerIdentity' },
      { service: 's3', region: '*' },
    )
    expect(elementOf(both, 'Message')).toBe(
      "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'sts'. ",
    )
  })

  it('SIGV4-01: may be sent twice within the window, and is recorded twice', async () => {
    const request = await signedNow()
    await house.send(request)
    expect((await house.send(request)).status).toBe(200)
    expect(house.events).toHaveLength(2)
  })
})

describe('a presigned request', () => {
  const query = { Action: 'GetCallerIdentity', Version: '2011-06-15' }
  it('is answered by GET, and by POST when it was signed for POST', async () => {
    expect((await house.send(await presign(house.session(), { query }, house.clock.now()))).status).toBe(200)
    const post = await presign(house.session(), { query, method: 'POST' }, house.clock.now())
    expect((await house.send(post)).status).toBe(200)
    expect(codeOf(await house.send({ ...post, method: 'GET' }))).toBe('SignatureDoesNotMatch')
  })

  it('covers a header that the caller signed along', async () => {
    const request = await presign(
      house.session(),
      { query, headers: { 'x-k8s-aws-id': 'cluster-1' } },
      house.clock.now(),
      60,
    )
    expect((await house.send(request)).status).toBe(200)
  })

  it('SIGV4-19: lives as long as it says, and never longer than 15 minutes', async () => {
    const short = await presign(house.session(), { query }, house.clock.now(), 60)
    const long = await presign(house.session(), { query }, house.clock.now(), 86_400)
    house.clock.advance(60)
    expect((await house.send(short)).status).toBe(200)
    house.clock.advance(1)
    expect(codeOf(await house.send(short))).toBe('SignatureDoesNotMatch')
    house.clock.advance(839)
    expect((await house.send(long)).status).toBe(200)
    house.clock.advance(1)
    expect(elementOf(await house.send(long), 'Message')).toMatch(/^Signature expired: /)
  })
})

interface HostileRow {
  readonly id: string
  readonly name: string
  readonly presigned?: boolean
  /** Of what is signed; the rest of a row is done to it afterwards. */
  readonly sign?: RequestToSign
  /** Seconds from now. */
  readonly signedAt?: number
  readonly replaceAuthorization?: readonly [pattern: string, by: string]
  readonly replaceQuery?: readonly [pattern: string, by: string]
  readonly setHeader?: readonly [name: string, value: string]
  readonly addHeader?: readonly [name: string, value: string]
  readonly dropHeader?: string
  readonly appendQuery?: string
  readonly path?: string
  /** `[text, times]`. */
  readonly body?: string | readonly [text: string, times: number]
  readonly method?: string
  readonly status: number
  readonly code: string
  readonly message?: string
}

async function altered(row: HostileRow): Promise<SignedRequest> {
  const date = new Date(house.clock.now().getTime() + (row.signedAt ?? 0) * 1000)
  let request =
    row.presigned === true
      ? await presign(
          house.session(),
          { query: { Action: 'GetCallerIdentity', Version: '2011-06-15' }, ...row.sign },
          date,
        )
      : await sign(house.session(), { body: whoAmI, ...row.sign }, date)
  if (row.replaceAuthorization !== undefined) {
    const [pattern, by] = row.replaceAuthorization
    request = withHeader(request, 'authorization', (value) => value.replace(new RegExp(pattern), by))
  }
  if (row.replaceQuery !== undefined) {
    const [pattern, by] = row.replaceQuery
    request = { ...request, rawQuery: request.rawQuery.replace(new RegExp(pattern), by) }
  }
  if (row.setHeader !== undefined) {
    const [name, value] = row.setHeader
    request = withHeader(request, name, () => value)
  }
  if (row.addHeader !== undefined) request = { ...request, headers: [...request.headers, row.addHeader] }
  if (row.dropHeader !== undefined)
    request = { ...request, headers: request.headers.filter(([name]) => name !== row.dropHeader) }
  if (row.appendQuery !== undefined)
    request = {
      ...request,
      rawQuery: [request.rawQuery, row.appendQuery].filter((part) => part !== '').join('&'),
    }
  if (row.path !== undefined) request = { ...request, rawPath: row.path }
  if (row.body !== undefined)
    request = {
      ...request,
      body: Buffer.from(typeof row.body === 'string' ? row.body : row.body[0].repeat(row.body[1])),
    }
  return row.method === undefined ? request : { ...request, method: row.method }
}

describe.each([
  ['hostile signatures', 'hostile-signatures.json'],
  ['failures that AWS STS documents by its answers', 'documented-failures.json'],
])('%s', (_title, file) => {
  it.each(jsonBeside<HostileRow[]>(import.meta.url, file))('$id: $name', async (row) => {
    const response = await house.send(await altered(row))
    expect([response.status, codeOf(response)]).toEqual([row.status, row.code])
    if (row.message !== undefined) expect(shownMessage(response)).toBe(row.message)
    expect(house.events).toMatchObject([{ errorCode: row.code, responseElements: null }])
    expect(house.events[0]?.additionalEventData?.reason).toMatch(/^sts:/)
  })
})

function shownMessage(response: WireResponse): string {
  return (elementOf(response, 'Message') ?? '')
    .replaceAll('&apos;', "'")
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}
