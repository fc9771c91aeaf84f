/**
 * Unmodified clients from Debian, configured as their manuals say and with nothing that names us: they call AWS's own
 * host names and are led here by HTTPS_PROXY, through a proxy that ends TLS and keeps Host.
 */
import { execFile, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createHotServer, type HotServer } from '../../src/http/hot-server.js'
import type { SigningCredentials } from '../support/aws-signer.js'
import { homeAccount } from '../support/roles.js'
import { keptLog, silentMetrics } from '../support/silent-log.js'
import {
  arnOf,
  houseDirectory,
  sketches,
  stsHouse,
  tokenProvider,
  type StsHouse,
} from '../support/sts-house.js'
import { startTlsFront, type TlsFront } from '../support/tls-front.js'

const python = '/usr/bin/python3'
const awsCli = '/usr/bin/aws'
const withBoto3 = spawnSync(python, ['-c', 'import boto3']).status === 0
const withCli = existsSync(awsCli)
const givenBoto3 = withBoto3 ? it : it.skip
const givenCli = withCli ? it : it.skip
const boto3 = withBoto3 ? 'boto3' : 'boto3 (skipped: the package python3-boto3 is not installed)'
const cli = withCli ? 'the AWS CLI' : 'the AWS CLI (skipped: the package awscli is not installed)'

const region = 'eu-central-1'
/** Older clients go to the one name for most regions, newer ones to the region's. */
const publicHosts = ['sts.amazonaws.com', `sts.${region}.amazonaws.com`]
const operator = arnOf('ops/Operator')
const operatorSession = `arn:aws:sts::${homeAccount}:assumed-role/Operator`
const deployUser = `arn:aws:iam::${homeAccount}:user/services/deploy`
const issuer = 'https://issuer.example.test/realm'
const token = `e30.${Buffer.from(JSON.stringify({ iss: issuer, sub: 'pipeline', aud: 'sts.amazonaws.com' })).toString('base64url')}.AA`

let house: StsHouse
let server: HotServer
let front: TlsFront
let home: string

beforeAll(async () => {
  house = await stsHouse({
    publicHosts: () => publicHosts,
    clock: { now: () => new Date(), advance: () => undefined },
  })
  // Open to nobody but the bearers of a tag that a session two roles before was given.
  const trust = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${homeAccount}:root` },
        Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
        Condition: { StringEquals: { 'aws:PrincipalTag/Kostenstelle': 'Köln 4+2/a=b @:-' } },
      },
    ],
  }
  house.directory = houseDirectory([...sketches, { name: 'Tagged', trust }])
  house.providers = [
    tokenProvider('oidc', 'oidc-provider/issuer.example.test/realm', {
      token,
      assertion: { issuer, subject: 'pipeline' },
    }),
  ]
  server = createHotServer({
    rooms: [house.room],
    application: (_request, response) => void response.writeHead(404).end(),
    trustedProxies: [],
    log: keptLog(),
    metrics: silentMetrics,
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  front = await startTlsFront(port, publicHosts)
  home = mkdtempSync(join(tmpdir(), 'rolegate-aws-'))
  const { accessKeyId, secretAccessKey } = house.userKey()
  await mkdir(join(home, '.aws'))
  await writeFile(
    join(home, '.aws', 'credentials'),
    `[keys]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
  )
  await writeFile(
    join(home, '.aws', 'config'),
    `[profile one]
role_arn = ${operator}
source_profile = keys
role_session_name = one
[profile two]
role_arn = ${operator}
source_profile = one
role_session_name = two
[profile three]
role_arn = ${operator}
source_profile = two
role_session_name = three
duration_seconds = 3600
[profile environment]
role_arn = ${operator}
credential_source = Environment
role_session_name = from-environment
`,
  )
  await writeFile(join(home, 'token'), `${token}\n`)
})
afterAll(async () => {
  await front.close()
  await server.close(100)
  rmSync(home, { recursive: true, force: true })
})

function run(command: string, parameters: readonly string[], more: Readonly<Record<string, string>> = {}) {
  return new Promise<string>((resolve, reject) => {
    execFile(
      command,
      [...parameters],
      {
        env: {
          HOME: home,
          PATH: '/usr/bin:/bin',
          AWS_DEFAULT_REGION: region,
          AWS_EC2_METADATA_DISABLED: 'true',
          HTTPS_PROXY: front.forwardProxyUrl,
          AWS_CA_BUNDLE: front.caFile,
          ...more,
        },
        timeout: 50_000,
      },
      (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(`${error.message}\n${stderr}`)),
    )
  })
}

const keysOf = ({ accessKeyId, secretAccessKey, sessionToken }: SigningCredentials) => ({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken }),
})
const webIdentity = () => ({
  AWS_WEB_IDENTITY_TOKEN_FILE: join(home, 'token'),
  AWS_ROLE_ARN: arnOf('Web'),
  AWS_ROLE_SESSION_NAME: 'pipeline',
})
async function boto<Result>(task: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const script = join(import.meta.dirname, 'boto3-caller.py')
  return JSON.parse(await run(python, [script, ...task], environment)) as Result
}
async function aws(words: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const text = await run(awsCli, [...words, '--output', 'json'], environment)
  return JSON.parse(text) as Readonly<Record<string, unknown>>
}

describe(boto3, () => {
  givenBoto3(
    'is who its keys, its profile, its chain of profiles, its environment or its token file say',
    async () => {
      const arns = await Promise.all([
        boto(['identity'], keysOf(house.session())),
        boto(['identity', 'keys']),
        boto(['identity', 'one']),
        boto(['identity', 'three']),
        boto(['identity', 'environment'], keysOf(house.userKey())),
        boto(['identity'], webIdentity()),
      ])
      expect(arns).toEqual([
        `arn:aws:sts::${homeAccount}:assumed-role/Developer/ada`,
        deployUser,
        `${operatorSession}/one`,
        `${operatorSession}/three`,
        `${operatorSession}/from-environment`,
        `arn:aws:sts::${homeAccount}:assumed-role/Web/pipeline`,
      ])
    },
    60_000,
  )

  givenBoto3('gets the answers that it has classes for', async () => {
    expect(await boto(['actions', operator], keysOf(house.userKey()))).toEqual({
      session: deployUser,
      federated: `arn:aws:sts::${homeAccount}:federated-user/bob`,
      'key info': ['AccessDenied', 403],
      decode: ['AccessDenied', 403],
      absent: ['AccessDenied', 403],
      name: ['ValidationError', 400],
      policy: ['MalformedPolicyDocument', 400],
      duration: [
        'MalformedInput',
        'An error occurred (MalformedInput) when calling the AssumeRole operation: Unknown',
      ],
      token: ['InvalidClientTokenId', 403],
      secret: ['SignatureDoesNotMatch', 403],
    })
  })

  givenBoto3('carries a transitive tag and a source identity three roles deep', async () => {
    expect(await boto(['chain', operator, arnOf('Tagged')], keysOf(house.userKey()))).toEqual({
      arns: [
        `${operatorSession}/one`,
        `${operatorSession}/two`,
        `arn:aws:sts::${homeAccount}:assumed-role/Tagged/three`,
      ],
      identity: `arn:aws:sts::${homeAccount}:assumed-role/Tagged/three`,
      source: 'jane',
    })
  })

  givenBoto3('presigns what answers by GET, and for POST unless it is told otherwise', async () => {
    for (const [asked, method] of [
      ['default', 'POST'],
      ['POST', 'POST'],
      ['GET', 'GET'],
    ] as const) {
      const url = await boto<string>(['presigned', asked], keysOf(house.session()))
      expect(await fetchedBy(url, method)).toBe(200)
      expect(await fetchedBy(url, method === 'GET' ? 'POST' : 'GET')).toBe(403)
    }
  })
})

/** @returns the status. */
function fetchedBy(url: string, method: string): Promise<number> {
  const { hostname, pathname, search } = new URL(url)
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port: front.port,
        servername: hostname,
        ca: front.ca,
        method,
        path: `${pathname}${search}`,
        headers: { Host: hostname },
        agent: false,
      },
      (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      },
    )
    request.on('error', reject).end()
  })
}

describe(cli, () => {
  givenCli(
    'is who its profile, its environment or its token file say',
    async () => {
      const whoAmI = ['sts', 'get-caller-identity']
      const [chained, environment, workload] = await Promise.all([
        aws([...whoAmI, '--profile', 'two']),
        aws([...whoAmI, '--profile', 'environment'], keysOf(house.userKey())),
        aws(whoAmI, webIdentity()),
      ])
      expect(chained?.['Arn']).toBe(`${operatorSession}/two`)
      expect(environment?.['Arn']).toBe(`${operatorSession}/from-environment`)
      expect(workload?.['Arn']).toBe(`arn:aws:sts::${homeAccount}:assumed-role/Web/pipeline`)
    },
    60_000,
  )

  givenCli(
    'assumes a role with tags, and says why it may not',
    async () => {
      const assume = ['sts', 'assume-role', '--role-session-name', 'cli', '--role-arn']
      const answer = await aws(
        [...assume, operator, '--tags', 'Key=Team,Value=blue+4 /=@', '--transitive-tag-keys', 'Team'],
        keysOf(house.userKey()),
      )
      expect(answer).toMatchObject({ AssumedRoleUser: { Arn: `${operatorSession}/cli` } })
      await expect(aws([...assume, arnOf('Vault')], keysOf(house.userKey()))).rejects.toThrow(
        /An error occurred \(AccessDenied\) when calling the AssumeRole operation/,
      )
    },
    60_000,
  )
})
