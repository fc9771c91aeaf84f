/**
 * What a role session is called when a person, not a program, asks for it. The portal, the Identity-Center endpoints
 * and STS share this, so one person has one name in every record.
 */
import { createHash } from 'node:crypto'
import type { Assertion } from '../federation/assertion.js'

const allowed = /^[\w+=,.@-]{2,64}$/
const digestLength = 8

/**
 * The provider's RoleSessionName, otherwise the username, within `[\w+=,.@-]{2,64}`.
 *
 * A name that had to be changed carries a digest of the original, so that `ann!` and `ann-` stay two names.
 */
export function roleSessionName(assertion: Pick<Assertion, 'roleSessionName' | 'username'>): string {
  const wanted = assertion.roleSessionName ?? assertion.username
  if (allowed.test(wanted)) return wanted
  const digest = createHash('sha256').update(wanted).digest('hex').slice(0, digestLength)
  const cleaned = wanted
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\w+=,.@-]/gu, '-')
    .slice(0, 64 - 1 - digestLength)
  return `${cleaned === '' ? 'user' : cleaned}-${digest}`
}
