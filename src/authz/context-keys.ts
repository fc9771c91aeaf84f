/**
 * Which condition keys a resource server may bring: those about its own resources and about what was asked of it.
 * Who the client is, how they signed in, the time and the network are Rolegate's to say, so that no resource server
 * can make a policy believe that somebody else is asking.
 */

/** Of the `aws:` namespace only these: facts about a resource, or about what the request wants to write on it. */
const aboutResources =
  /^aws:(?:resourcetag\/.+|requesttag\/.+|tagkeys|referer|sourcevpc|sourcevpce|vpcsourceip|sourcevpcarn|vpceaccount)$/
/** Namespaces in which Rolegate itself speaks, or an identity provider. `localhost`: of a provider for development. */
const reserved = new Set(['aws', 'sts', 'iam', 'rolegate', 'saml', 'ldap', 'local', 'localhost', 'oidc'])
/** The name of a service has no dot and no slash; that of an identity provider (`login.example.com/realm:sub`) has. */
const serviceKey = /^([a-z][a-z0-9-]{0,63}):[a-z0-9][\w./=@ +-]{0,255}$/

/** @param key in any case. @returns undefined when a resource server may set it, otherwise why not. */
export function contextKeyProblem(key: string): string | undefined {
  const lower = key.toLowerCase()
  if (aboutResources.test(lower)) return undefined
  const prefix = serviceKey.exec(lower)?.[1]
  if (prefix === undefined)
    return lower.startsWith('aws:')
      ? forRolegate
      : 'must be a condition key of a service, e.g. `reports:Owner`'
  return reserved.has(prefix) ? forRolegate : undefined
}

const forRolegate = 'is a condition key that only Rolegate sets'
