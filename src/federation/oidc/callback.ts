/**
 * The redirect back from the provider, read so that it has one meaning: one `code` or one `error`, the `state` that
 * this browser was sent away with, and the provider's own name where it gives one (RFC 9207).
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { Fault } from '../../fault.js'
import type { Arrival, PendingSignIn } from '../assertion.js'
import type { IssuerMetadata } from './discovery.js'
import { describeError } from './exchange-fault.js'

const maximumQuery = 8_192

/**
 * @returns the parameters, which hold exactly one code.
 * @throws {Fault} `InvalidAssertion` (`oidc:parameter`, `oidc:state`, `oidc:iss-param`) or `ProviderRejected` (`oidc:error`).
 */
export function parseCallback(
  arrival: Arrival,
  pending: PendingSignIn,
  metadata: IssuerMetadata,
): URLSearchParams {
  if (arrival.method !== 'GET' || arrival.rawQuery.length > maximumQuery) throw invalid('oidc:parameter')
  const parameters = new URLSearchParams(arrival.rawQuery)
  const names = [...parameters.keys()]
  if (new Set(names).size !== names.length) throw invalid('oidc:parameter')
  if (!sameText(parameters.get('state') ?? '', pending.id)) throw invalid('oidc:state')
  const issuer = parameters.get('iss')
  if (issuer === null ? metadata.sendsIssuerParameter : issuer !== metadata.issuer)
    throw invalid('oidc:iss-param')

  const code = parameters.get('code') ?? ''
  const error = parameters.get('error')
  if ((code === '') === (error === null)) throw invalid('oidc:parameter')
  // Answers of other flows: a token that arrives through the browser is not one that we asked for.
  if (['id_token', 'access_token', 'response'].some((name) => parameters.has(name)))
    throw invalid('oidc:parameter')
  if (error !== null) {
    throw new Fault('ProviderRejected', 'the identity provider did not sign you in', {
      reason: 'oidc:error',
      cause: new Error(describeError(error, parameters.get('error_description'))),
    })
  }
  return parameters
}

function sameText(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return left !== '' && timingSafeEqual(digest(left), digest(right))
}

function invalid(reason: string): Fault {
  return new Fault('InvalidAssertion', 'the answer of the identity provider does not fit this sign-in', {
    reason,
  })
}
