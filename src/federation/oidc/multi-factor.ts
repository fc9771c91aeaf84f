/** Whether an issuer says that a person proved more than one factor. When in doubt, it did not. */
import { textsOf } from './claim-values.js'
import { member, type JsonObject } from './strict-json.js'

/** RFC 8176: what each method proves. Methods of one kind, such as a PIN after a password, are one factor. */
const kinds: ReadonlyMap<string, 'knowledge' | 'possession' | 'inherence'> = new Map([
  ['pwd', 'knowledge'],
  ['pin', 'knowledge'],
  ['kba', 'knowledge'],
  ['otp', 'possession'],
  ['hwk', 'possession'],
  ['swk', 'possession'],
  ['sc', 'possession'],
  ['sms', 'possession'],
  ['tel', 'possession'],
  ['fido', 'possession'],
  ['face', 'inherence'],
  ['fpt', 'inherence'],
  ['iris', 'inherence'],
  ['retina', 'inherence'],
  ['vbm', 'inherence'],
])

const multiFactorContexts: ReadonlySet<string> = new Set([
  'https://refeds.org/profile/mfa',
  'http://schemas.openid.net/pape/policies/2007/06/multi-factor',
])

/** True for `mfa` or methods of two kinds in `amr`, or a well-known multi-factor `acr`. */
export function isMultiFactor(claims: JsonObject): boolean {
  const context = member(claims, 'acr')
  if (typeof context === 'string' && multiFactorContexts.has(context)) return true
  const methods = textsOf(member(claims, 'amr')) ?? []
  const proved = new Set(methods.map((method) => kinds.get(method)).filter((kind) => kind !== undefined))
  return methods.includes('mfa') || proved.size >= 2
}
