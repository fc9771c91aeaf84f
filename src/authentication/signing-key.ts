/** The key that a secret access key becomes for one day, region and service, kept for the next request with it. */
import type { KeyObject } from 'node:crypto'
import type { CredentialScope } from '../signature/claim.js'
import { deriveSigningKey } from '../signature/verification.js'
import type { LongTermKey } from '../user/long-term-key.js'

export type SigningKeys = (scope: CredentialScope) => KeyObject

/** Keeps the key of the latest scope: a client signs in one region, and the day changes once a day. */
export function signingKeys(secretAccessKey: string): SigningKeys {
  let latest: { readonly name: string; readonly key: KeyObject } | undefined
  return (scope) => {
    const name = `${scope.date}/${scope.region}/${scope.service}/${scope.terminator}`
    if (latest?.name !== name) latest = { name, key: deriveSigningKey(secretAccessKey, scope) }
    return latest.key
  }
}

const ofLongTermKeys = new WeakMap<LongTermKey, SigningKeys>()

export function longTermSigningKey(key: LongTermKey, scope: CredentialScope): KeyObject {
  let keys = ofLongTermKeys.get(key)
  if (keys === undefined) ofLongTermKeys.set(key, (keys = signingKeys(key.secretAccessKey)))
  return keys(scope)
}
