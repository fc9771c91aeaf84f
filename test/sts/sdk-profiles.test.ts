/**
 * The AWS SDK for JavaScript with the ways of obtaining credentials that its users configure: a profile that assumes
 * a role, a source of credentials, a token file; with a wrong clock, below a path, and over HTTP/2.
 */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { GetCallerIdentityCommand, type STSClientConfig } from '@aws-sdk/client-sts'
import { fromEnv, fromIni, fromTemporaryCredentials, fromTokenFile } from '@aws-sdk/credential-providers'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createHotServer, type HotServer } from '../../src/http/hot-server.js'
import { sign } from '../support/aws-signer.js'
import { createAuthority, type Authority } from '../support/certificates.js'
import { homeAccount } from '../support/roles.js'
import { keptLog, silentMetrics } from '../support/silent-log.js'
import { arnOf, tokenProvider } from '../support/sts-house.js'
import { startSts, type StsServer } from '../support/sts-server.js'

const operator = arnOf('ops/Operator')
const operatorSession = `arn:aws:sts::${homeAccount}:assumed-role/Operator`
const issuer = 'https://issuer.example.test/realm'
const token = `e30.${Buffer.from(JSON.stringify({ iss: issuer, sub: 'pipeline' })).toString('base64url')}.AA`
const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'] as const
const environment = Object.fromEntries(names.map((name) => [name, process.env[name]]))

let sts: StsServer
let folder: string
let files: { readonly filepath: string; readonly configFilepath: string }

beforeAll(async () => {
  sts = await startSts()
  sts.house.providers = [
    tokenProvider('oidc', 'oidc-provider/issuer.example.test/realm', {
      token,
      assertion: { issuer, subject: 'pipeline' },
    }),
  ]
  folder = mkdtempSync(join(tmpdir(), 'rolegate-profiles-'))
  files = { filepath: join(folder, 'credentials'), configFilepath: join(folder, 'config') }
  const { accessKeyId, secretAccessKey } = sts.house.userKey()
  await writeFile(
    files.filepath,
    `[keys]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
  )
  await writeFile(
    files.configFilepath,
    `[profile one]
role_arn = ${operator}
source_profile = keys
role_session_name = one
[profile two]
role_arn = ${operator}
source_profile = one
role_session_name = two
[profile environment]
role_arn = ${operator}
credential_source = Environment
role_session_name = from-environment
`,
  )
  await writeFile(join(folder, 'token'), `${token}\n`)
})
afterAll(async () => {
  await sts.close()
  rmSync(folder, { recursive: true, force: true })
})
afterEach(() => {
  for (const name of names) {
    if (environment[name] === undefined) delete process.env[name]
    else process.env[name] = environment[name]
  }
})

/** In a process of its own, whose every clock is wrong. */
const clientWithWrongClock = `
  const Right = Date
  const offset = Number(process.env.OFFSET)
  globalThis.Date = class extends Right {
    constructor(...given) { given.length === 0 ? super(Right.now() + offset) : super(...given) }
    static now() { return Right.now() + offset }
  }
  const { STSClient, GetCallerIdentityCommand } = await import('@aws-sdk/client-sts')
  const { accessKeyId, secretAccessKey, sessionToken } = JSON.parse(process.env.CREDENTIALS)
  const client = new STSClient({
    endpoint: process.env.ENDPOINT,
    region: 'local-1',
    credentials: { accessKeyId, secretAccessKey, sessionToken },
  })
  const { Arn, $metadata } = await client.send(new GetCallerIdentityCommand({}))
  process.stdout.write(JSON.stringify({ arn: Arn, attempts: $metadata.attempts }))
`

const toUs = () => ({ endpoint: `http://${sts.host}`, region: 'local-1' })
async function whoIs(credentials: NonNullable<STSClientConfig['credentials']>, config: STSClientConfig = {}) {
  const client = sts.client(credentials, config)
  const answer = await client.send(new GetCallerIdentityCommand({}))
  return answer.Arn
}

describe('the AWS SDK for JavaScript', () => {
  it.each(['one', 'two'])('is who the profile %s says, with role_arn and source_profile', async (profile) => {
    const credentials = fromIni({ ...files, profile, clientConfig: toUs() })
    expect(await whoIs(credentials)).toBe(`${operatorSession}/${profile}`)
  })

  it('takes its own environment as credential_source', async () => {
    const { accessKeyId, secretAccessKey } = sts.house.userKey()
    process.env['AWS_ACCESS_KEY_ID'] = accessKeyId
    process.env['AWS_SECRET_ACCESS_KEY'] = secretAccessKey
    delete process.env['AWS_SESSION_TOKEN']
    expect(await whoIs(fromEnv())).toBe(`arn:aws:iam::${homeAccount}:user/services/deploy`)
    const credentials = fromIni({ ...files, profile: 'environment', clientConfig: toUs() })
    expect(await whoIs(credentials)).toBe(`${operatorSession}/from-environment`)
  })

  it('takes a token file with its line break', async () => {
    const credentials = fromTokenFile({
      webIdentityTokenFile: join(folder, 'token'),
      roleArn: arnOf('Web'),
      roleSessionName: 'pipeline',
      clientConfig: toUs(),
    })
    expect(await whoIs(credentials)).toBe(`arn:aws:sts::${homeAccount}:assumed-role/Web/pipeline`)
  })

  it('goes three roles deep with temporary credentials on temporary credentials', async () => {
    let credentials: ReturnType<typeof fromTemporaryCredentials> | undefined
    for (const RoleSessionName of ['a1', 'b2', 'c3'])
      credentials = fromTemporaryCredentials({
        masterCredentials: credentials ?? sts.house.userKey(),
        params: { RoleArn: operator, RoleSessionName },
        clientConfig: toUs(),
      })
    expect(await whoIs(credentials!)).toBe(`${operatorSession}/c3`)
  })

  it.each([-20, 20])(
    'recovers within one retry when the clock of its machine is %i minutes off',
    async (minutes) => {
      const output = await promisify(execFile)(
        process.execPath,
        ['--input-type=module', '--eval', clientWithWrongClock],
        {
          cwd: import.meta.dirname,
          env: {
            PATH: process.env['PATH'],
            OFFSET: String(minutes * 60_000),
            ENDPOINT: `http://${sts.host}`,
            CREDENTIALS: JSON.stringify(sts.house.session()),
          },
        },
      )
      expect(JSON.parse(output.stdout)).toEqual({
        arn: `arn:aws:sts::${homeAccount}:assumed-role/Developer/ada`,
        attempts: 2,
      })
      const codes = sts.house.events.slice(-2).map(({ errorCode }) => errorCode)
      expect(codes).toEqual(['SignatureDoesNotMatch', undefined])
    },
  )

  it.each(['/sts', '/sts/'])('finds the service below the path %s', async (path) => {
    const config = { endpoint: `http://${sts.host}${path}` }
    expect(await whoIs(sts.house.session(), config)).toContain('assumed-role/Developer/ada')
  })

  it.each(['us-east-1', 'local-1', 'aws-global', 'nowhere'])('may name its region %s', async (region) => {
    expect(await whoIs(sts.house.session(), { region })).toContain('assumed-role/Developer/ada')
  })
})

describe('a client that speaks HTTP/2', () => {
  let server: HotServer
  let authority: Authority
  let port: number
  beforeAll(async () => {
    authority = createAuthority()
    server = createHotServer({
      rooms: [sts.house.room],
      application: (_request, response) => void response.writeHead(404).end(),
      trustedProxies: [],
      tls: authority.issue(),
      log: keptLog(),
      metrics: silentMetrics,
    })
    ;({ port } = await server.listen({ host: '127.0.0.1', port: 0 }))
  })
  afterAll(() => server.close(100))

  // The one name that the house is public by; the connection goes to the port where TLS is spoken.
  it.each([
    ['host', {}],
    [':authority', { ':authority': '' }],
  ])('is believed when it signed %s', async (_name, more) => {
    const extra = ':authority' in more ? { ':authority': sts.host } : {}
    const request = await sign(
      sts.house.session(),
      { body: 'Action=GetCallerIdentity&Version=2011-06-15', host: sts.host, headers: extra },
      new Date(),
    )
    const session = connectHttp2(`https://127.0.0.1:${port}`, { ca: authority.certificate })
    try {
      const status = await new Promise((resolve, reject) => {
        session.on('error', reject)
        const headers = Object.fromEntries(
          request.headers.filter(([name]) => !/^(?:host|:authority)$/.test(name)),
        )
        const stream = session.request({
          ...headers,
          ':method': 'POST',
          ':path': '/',
          ':authority': sts.host,
        })
        stream.on('error', reject).on('response', (answer) => resolve(answer[':status']))
        stream.resume().end(request.body)
      })
      expect(status).toBe(200)
    } finally {
      session.close()
    }
  })
})
