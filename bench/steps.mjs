/**
 * The steps of a request, one function each, and beside it the least that node:crypto alone would take for the same
 * bytes, where the step has such a floor.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  randomBytes,
} from 'node:crypto'
import { auditLine } from '../dist/audit/audit-line.js'
import { evaluate } from '../dist/policy/evaluate.js'
import { canonicalRequest } from '../dist/signature/canonical-request.js'
import { parseClaim } from '../dist/signature/claim.js'
import { checkClaim, checkSignature, deriveSigningKey } from '../dist/signature/verification.js'
import { success } from '../dist/sts/xml.js'
import { chainedRole, mayAssumeChained, trustsFirst } from './installation.mjs'
import { compiled } from './policy/documents.mjs'

const sha256 = (data) => createHash('sha256').update(data).digest('hex')

/**
 * @param sample what a real server received and wrote: `host`, `request`, `used` (the credentials), `event`, and here
 * `credentials` of its key ring and what they `opened`.
 */
export function stepsOf(sample) {
  return [signatureCheck, opening, evaluation, sealing, envelopeOfAnswer, auditRecord].map((step) =>
    step(sample),
  )
}

function signatureCheck({ host, request, opened }) {
  const headers = Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value])
  const received = { method: 'POST', rawPath: '/', rawQuery: '', headers }
  const body = Buffer.from(request.body)
  const { claim } = parseClaim(received)
  const key = deriveSigningKey(opened.secretAccessKey, claim.scope)
  const canonical = canonicalRequest(received, claim.signedHeaders, sha256(body))
  const settings = { service: 'sts', clockSkewSeconds: 300, maxPresignedSeconds: 900, publicHosts: [host] }
  return {
    name: 'signature check',
    made: 'two SHA-256, one HMAC-SHA-256',
    call() {
      const parsed = parseClaim(received)
      const refused =
        checkClaim(parsed.claim, settings, new Date()) ??
        checkSignature(parsed.claim, received, sha256(body), key)
      if (refused !== undefined) throw new Error(JSON.stringify(refused))
    },
    floor() {
      sha256(body)
      createHmac('sha256', key).update(sha256(canonical)).digest()
    },
  }
}

/** As many bytes as the session has, under a key of its own. */
function sealedBytes(key, used) {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
  const bytes = Buffer.concat([
    cipher.update(Buffer.from(used.sessionToken, 'base64').subarray(49)),
    cipher.final(),
  ])
  return { nonce, bytes, tag: cipher.getAuthTag() }
}

function opening({ credentials, used }) {
  const key = createSecretKey(randomBytes(32))
  const { nonce, bytes, tag } = sealedBytes(key, used)
  return {
    name: 'open a token',
    made: 'HMAC-SHA-512, AES-256-GCM',
    call() {
      if (credentials.open(used.accessKeyId, used.sessionToken) === undefined)
        throw new Error('it does not open')
    },
    floor() {
      createHmac('sha512', key).update(nonce).digest()
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
      decipher.setAuthTag(tag)
      decipher.update(bytes)
      decipher.final()
    },
  }
}

function sealing({ credentials, used, session }) {
  const key = createSecretKey(randomBytes(32))
  const { nonce, bytes } = sealedBytes(key, used)
  return {
    name: 'seal a session',
    made: 'random bytes, HMAC-SHA-512, AES-256-GCM',
    call: () => credentials.issue(session),
    floor() {
      createHmac('sha512', key).update(randomBytes(24)).digest()
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
      cipher.update(bytes)
      cipher.final()
      cipher.getAuthTag()
    },
  }
}

function evaluation({ event, session }) {
  const layers = {
    identity: [compiled(mayAssumeChained)],
    resource: compiled(trustsFirst, 'trust'),
  }
  const { arn } = event.userIdentity
  const question = {
    principal: { type: 'role-session', account: session.account, roleArn: session.roleArn, arn },
    action: 'sts:AssumeRole',
    resource: chainedRole,
    resourceAccount: session.account,
    context: new Map([
      ['sts:rolesessionname', 'release-1'],
      ['aws:principalarn', session.roleArn],
      ['aws:sourceip', '127.0.0.1'],
    ]),
  }
  return {
    name: 'evaluate two policies',
    call() {
      if (evaluate(question, layers).outcome !== 'allowed') throw new Error('the decision is another one')
    },
  }
}

function envelopeOfAnswer({ credentials, event, session }) {
  const issued = credentials.issue(session)
  const result = [
    [
      'AssumedRoleUser',
      [
        ['AssumedRoleId', `${session.roleId}:${session.sessionName}`],
        ['Arn', event.userIdentity.arn],
      ],
    ],
    [
      'Credentials',
      [
        ['AccessKeyId', issued.accessKeyId],
        ['SecretAccessKey', issued.secretAccessKey],
        ['SessionToken', issued.sessionToken],
        ['Expiration', new Date().toISOString()],
      ],
    ],
  ]
  return { name: 'XML of an answer', call: () => success('AssumeRole', result, event.requestID) }
}

function auditRecord({ event }) {
  return {
    name: 'audit line',
    made: 'JSON.stringify',
    call: () => auditLine(event),
    floor: () => JSON.stringify(event),
  }
}
