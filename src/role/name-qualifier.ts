/** What AWS calls a SAML provider in an account, in answers, records and the condition key `saml:namequalifier`. */
import { createHash } from 'node:crypto'
import type { Assertion } from '../federation/assertion.js'

/** BASE64(SHA1(issuer + account + "/" + provider name)): AssumeRoleWithSAML's NameQualifier. */
export function nameQualifier(issuer: string, account: string, providerName: string): string {
  return createHash('sha1').update(`${issuer}${account}/${providerName}`).digest('base64')
}

const known = new WeakMap<Assertion, Map<string, string>>()

/** The same, computed once per assertion and account: a list of roles asks for every role in it. */
export function nameQualifierOf(assertion: Assertion, account: string): string {
  let byAccount = known.get(assertion)
  if (byAccount === undefined) known.set(assertion, (byAccount = new Map()))
  let qualifier = byAccount.get(account)
  if (qualifier === undefined) {
    qualifier = nameQualifier(assertion.issuer, account, assertion.provider)
    byAccount.set(account, qualifier)
  }
  return qualifier
}
