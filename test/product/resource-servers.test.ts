/** The examples of the documentation, each as it stands, with stock signers as clients. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { GetWebIdentityTokenCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { presign, sign, type RequestToSign, type SigningCredentials } from '../support/aws-signer.js'
import { projectWithPackage, type Project, type RunningScript } from '../support/installed-package.js'
import { repository } from '../support/product.js'
import { ask } from '../support/product-visitor.js'
import { freePort } from '../support/redis.js'
import {
  account,
  readerRole,
  startResourceInstallation,
  type ResourceInstallation,
} from '../support/resource-installation.js'
import { until } from '../support/until.js'

const run = promisify(execFile)
const example = (name: string) => join(repository, 'docs/examples', name)

let installation: ResourceInstallation
let project: Project
let reader: Awaited<ReturnType<ResourceInstallation['reader']>>

beforeAll(async () => {
  installation = await startResourceInstallation(['reports.example.test'])
  const packages = [
    'express',
    'jose',
    '@aws-crypto/sha256-js',
    '@smithy/protocol-http',
    '@smithy/signature-v4',
  ]
  project = await projectWithPackage(packages)
  reader = await installation.reader({ Department: 'Research' })
}, 90_000)
afterAll(async () => {
  await installation?.stop()
  await project?.remove()
})

interface Sent extends RequestToSign {
  readonly sentBody?: string
  readonly sentPath?: string
}

async function call(url: string, credentials: SigningCredentials, request: Sent = {}) {
  const { host } = new URL(url)
  const { sentBody = request.body, sentPath } = request
  const signed = await sign(credentials, { method: 'GET', host, service: 'reports', ...request }, new Date())
  const headers = Object.fromEntries(signed.headers.filter(([name]) => name !== 'host'))
  const query = signed.rawQuery === '' ? '' : `?${signed.rawQuery}`
  const answer = await ask(url, sentPath ?? `${signed.rawPath}${query}`, {
    method: signed.method,
    headers,
    ...(sentBody === undefined ? {} : { body: sentBody }),
  })
  return { ...answer, json: JSON.parse(answer.text) as Record<string, unknown> }
}

const ways = {
  'decides by itself': () => ({
    ROLEGATE_CONFIG: installation.product.configDirectory,
    ROLEGATE_DATA: installation.product.dataDirectory,
    ROLEGATE_CERTS: installation.product.certificatesDirectory,
  }),
  'asks Rolegate': () => ({
    ROLEGATE_ENDPOINT: installation.product.url,
    AWS_ACCESS_KEY_ID: installation.server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: installation.server.secretAccessKey,
  }),
} as const

describe.each(Object.entries(ways))(
  'an Express application that imports rolegate and %s',
  (way, environment) => {
    let app: RunningScript
    beforeAll(async () => {
      app = await project.start(example('express.mjs'), {
        ...environment(),
        PORT: String(await freePort()),
        ACCOUNT: account,
      })
    }, 30_000)
    afterAll(async () => {
      await app?.stop()
    })

    it('serves who is allowed, and knows who it is', async () => {
      const { status, json } = await call(app.firstLine, reader, {
        path: '/reports/2027/may',
        query: { a: '1 2' },
      })
      expect([status, json]).toEqual([
        200,
        { reader: `arn:aws:sts::${account}:assumed-role/Reader/ada`, department: 'Research' },
      ])
    })

    it('hands the body on that was signed, and refuses another one', async () => {
      const request = { method: 'POST', path: '/reports/2027/may', body: '{"a":1}' }
      expect((await call(app.firstLine, reader, request)).json).toMatchObject({ written: { a: 1 } })
      const swapped = await call(app.firstLine, reader, { ...request, sentBody: '{"a":2}' })
      expect([swapped.status, swapped.json['code']]).toEqual([401, 'SignatureDoesNotMatch'])
      const long = await call(app.firstLine, reader, { ...request, body: JSON.stringify('x'.repeat(70_000)) })
      expect(long.status).toBe(413)
    })

    it('takes presigned addresses', async () => {
      const { host } = new URL(app.firstLine)
      const signed = await presign(
        reader,
        { host, service: 'reports', path: '/reports/2027/may' },
        new Date(),
      )
      const answer = await ask(app.firstLine, `${signed.rawPath}?${signed.rawQuery}`)
      expect(answer.status).toBe(200)
    })

    it('refuses who is denied, with a message for those who may read it, and who is a stranger', async () => {
      const denied = await call(app.firstLine, reader, { path: '/reports/secret/plans' })
      expect(denied.status).toBe(403)
      expect(denied.json).toMatchObject({
        code: 'AccessDenied',
        message: `User: arn:aws:sts::${account}:assumed-role/Reader/ada is not authorized to perform: reports:Read on resource: arn:aws:reports::${account}:secret/plans`,
        encodedMessage: expect.any(String),
      })
      const unsigned = await ask(app.firstLine, '/reports/2027/may')
      expect(unsigned.status).toBe(401)
      expect(unsigned.headers['www-authenticate']).toBe('AWS4-HMAC-SHA256')
      const elsewhere = await call(app.firstLine, reader, {
        path: '/reports/2027/may',
        host: 'other.example.test',
      })
      expect(elsewhere.status).toBe(401)
      // Signature Version 4 follows dot segments before it signs: this signature is right.
      const detour = await call(app.firstLine, reader, {
        path: '/reports/secret/plans',
        sentPath: '/reports/2027/../secret/plans',
      })
      expect([detour.status, detour.json['code']]).toEqual([400, 'AmbiguousRequest'])
    })

    it('ends with a revocation', async () => {
      const client = await installation.reader()
      const request = { path: '/reports/2027/may' }
      expect((await call(app.firstLine, client, request)).status).toBe(200)
      await installation.command('revoke', 'session', '--local', client.accessKeyId)
      await until(async () => (await call(app.firstLine, client, request)).json['code'] === 'ExpiredToken')
    })

    it('leaves its decisions in the audit record', async () => {
      await call(app.firstLine, reader, { path: '/reports/2027/april' })
      await until(async () => (await installation.product.audit()).includes(`${account}:2027/april`))
    })

    if (way === 'asks Rolegate') {
      it('answers 503 while Rolegate is down', async () => {
        await installation.down()
        const answer = await call(app.firstLine, reader, { path: '/reports/2027/may' })
        await installation.up()
        expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1'])
        expect(app.output()).toContain('cannot decide')
      })
    }
  },
)

describe('the package', () => {
  it('comes with types', async () => {
    await writeFile(
      join(project.folder, 'typed.mts'),
      `import { createServer } from 'node:http'
       import { createRemoteVerifier, protect, VerifierRefused, type Verifier } from 'rolegate'
       const verifier: Verifier = createRemoteVerifier({
         endpoint: 'https://rolegate.example.test',
         credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' }),
       })
       const guard = protect({
         verifier, service: 'reports', hosts: ['reports.example.test'],
         action: (request) => \`reports:\${request.method}\`,
         resource: () => 'arn:aws:reports:::x',
       })
       createServer((request, response) => guard(request, response, (error) => {
         if (error instanceof VerifierRefused) console.error(error.code)
         const arn: string | undefined = (request as import('rolegate').ProtectedRequest).rolegate?.identity.arn
         response.end(arn)
       }))
       // @ts-expect-error a service is needed
       protect({ verifier, hosts: [], action: () => '', resource: () => '' })`,
    )
    const compiler = join(repository, 'node_modules/typescript/bin/tsc')
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node']
    const roots = ['--typeRoots', join(repository, 'node_modules/@types')]
    const compiled = run(process.execPath, [compiler, ...options, ...roots, 'typed.mts'], {
      cwd: project.folder,
    })
    await expect(compiled.catch((cause: { stdout: string }) => cause.stdout)).resolves.toMatchObject({
      stdout: '',
    })
  }, 60_000)
})

/** Of the resource server itself. */
const signers = {
  'the key of a user': async () => ({}),
  'a session of a role': async () => {
    const { accessKeyId, secretAccessKey, sessionToken } = await installation.serverSession()
    return {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
    }
  },
} as const

describe.each(Object.entries(signers))('a resource server that asks by itself, with %s', (_signer, keys) => {
  it.each(['authorize.mjs', 'express.mjs'])('is answered: %s', async (name) => {
    const app = await project.start(example(name), {
      ...ways['asks Rolegate'](),
      ...(await keys()),
      PORT: String(await freePort()),
      ACCOUNT: account,
    })
    try {
      const path = name === 'express.mjs' ? '/reports/2027/may' : '/2027/may'
      expect((await call(app.firstLine, reader, { path })).status).toBe(200)
    } finally {
      await app.stop()
    }
  })
})

describe('a resource server that asks by itself', () => {
  let app: RunningScript
  beforeAll(async () => {
    app = await project.start(example('authorize.mjs'), {
      ...ways['asks Rolegate'](),
      PORT: String(await freePort()),
    })
  }, 30_000)
  afterAll(async () => {
    await app?.stop()
  })

  it('knows what a client may in one call', async () => {
    const { status, json } = await call(app.firstLine, reader, { path: '/2027/may' })
    const you = `arn:aws:sts::${account}:assumed-role/Reader/ada`
    expect([status, json]).toEqual([200, { you, read: true, write: true, remove: false }])
    expect((await call(app.firstLine, reader, { path: '/secret/x' })).status).toBe(403)
    expect((await ask(app.firstLine, '/2027/may')).status).toBe(401)
  })

  it('can be a shell script with curl', async () => {
    const host = 'reports.example.test'
    const signed = await sign(
      reader,
      { method: 'GET', host, service: 'reports', path: '/2027/may' },
      new Date(),
    )
    const question = {
      service: 'reports',
      hosts: [host],
      sourceIp: '192.0.2.1',
      request: { method: 'GET', path: '/2027/may', headers: signed.headers, payloadHash: null },
      action: 'reports:Read',
      resource: `arn:aws:reports::${account}:2027/may`,
    }
    const authorize = (asked: object, { accessKeyId, secretAccessKey, sessionToken }: SigningCredentials) => {
      const asking = run('sh', [example('authorize.sh'), installation.product.url], {
        env: {
          PATH: process.env['PATH'],
          AWS_ACCESS_KEY_ID: accessKeyId,
          AWS_SECRET_ACCESS_KEY: secretAccessKey,
          ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken }),
        },
      })
      asking.child.stdin?.end(JSON.stringify(asked))
      return asking
    }
    const { stdout } = await authorize(question, installation.server)
    expect(JSON.parse(stdout)).toMatchObject({ authenticated: true, decision: 'allowed' })
    await expect(authorize(question, reader)).rejects.toMatchObject({
      stdout: expect.stringContaining('AccessDenied'),
    })
  })
})

describe('a service that speaks OpenID Connect only', () => {
  it('takes a token of GetWebIdentityToken, for its own audience', async () => {
    const audience = 'https://reports.example.test'
    const app = await project.start(example('jwt.mjs'), {
      ISSUER: `${installation.product.url}/tokens/${account}`,
      AUDIENCE: audience,
      PORT: String(await freePort()),
    })
    try {
      const sts = new STSClient({
        endpoint: installation.product.url,
        region: 'local-1',
        credentials: reader,
      })
      const tokenFor = async (...Audience: string[]) => {
        const command = new GetWebIdentityTokenCommand({ Audience, SigningAlgorithm: 'ES384' })
        return (await sts.send(command)).WebIdentityToken ?? ''
      }
      const bearing = (token: string) =>
        ask(app.firstLine, '/', { headers: { authorization: `Bearer ${token}` } })
      const good = await bearing(await tokenFor(audience))
      expect([good.status, good.text]).toEqual([200, JSON.stringify({ you: readerRole })])
      expect((await bearing(await tokenFor('https://elsewhere.example.test'))).status).toBe(401)
      expect((await bearing('x.y.z')).status).toBe(401)
      sts.destroy()
    } finally {
      await app.stop()
    }
  })
})
