/** Requests as the AWS SDK signs them, made before the clock starts; every one is different. */
import { randomUUID } from 'node:crypto'
import { Sha256 } from '@aws-crypto/sha256-js'
import { HttpRequest } from '@smithy/protocol-http'
import { SignatureV4 } from '@smithy/signature-v4'
import { chainedRole, firstRole } from './installation.mjs'

const formType = 'application/x-www-form-urlencoded'

/** First credentials, by a workload token: what a CI job does. */
export async function signIn(host, token, index) {
  const response = await fetch(`http://${host}/`, {
    method: 'POST',
    body: form({
      Action: 'AssumeRoleWithWebIdentity',
      RoleArn: firstRole,
      RoleSessionName: `job-${index}`,
      WebIdentityToken: token,
    }),
    headers: { 'content-type': formType },
  })
  return issuedIn(response)
}

/** Sends a signed request of this file. */
export function send({ path, headers, body }, host) {
  const { host: _own, ...sent } = headers
  return fetch(`http://${host}${path}`, { method: 'POST', headers: sent, body })
}

/** The credentials that an answer has. */
export async function issuedIn(response) {
  const text = await response.text()
  if (response.status !== 200) throw new Error(`no credentials: ${text}`)
  const value = (name) => new RegExp(`<${name}>([^<]*)<`).exec(text)[1]
  return {
    accessKeyId: value('AccessKeyId'),
    secretAccessKey: value('SecretAccessKey'),
    sessionToken: value('SessionToken'),
  }
}

export function callerIdentity(host, credentials) {
  return signed(host, credentials, form({ Action: 'GetCallerIdentity' }))
}

export function assumeRole(host, credentials, index) {
  const parameters = { Action: 'AssumeRole', RoleArn: chainedRole, RoleSessionName: `release-${index}` }
  return signed(host, credentials, form({ ...parameters, DurationSeconds: String(900 + (index % 1800)) }))
}

function form(parameters) {
  return new URLSearchParams({ Version: '2011-06-15', ...parameters }).toString()
}

async function signed(host, credentials, body) {
  const signer = new SignatureV4({ credentials, region: 'eu-central-1', service: 'sts', sha256: Sha256 })
  const request = new HttpRequest({
    method: 'POST',
    protocol: 'http:',
    hostname: host,
    path: '/',
    headers: { host, 'content-type': formType, 'amz-sdk-invocation-id': randomUUID() },
    body,
  })
  const { headers } = await signer.sign(request)
  return { method: 'POST', path: '/', headers, body }
}
