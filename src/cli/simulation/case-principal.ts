/**
 * A caller as a case names him → a principal. A session's ARN carries neither path nor unique id of its role, so
 * policies that name the role are compared by account and name.
 */
import { isAccountId, parseArn, parseAssumedRoleArn, roleArn } from '../../policy/arn.js'
import type { Principal } from '../../policy/principal.js'

/** OpenID providers that trust policies name by host, without an ARN. */
const builtInProviders: ReadonlySet<string> = new Set([
  'accounts.google.com',
  'cognito-identity.amazonaws.com',
  'www.amazon.com',
  'graph.facebook.com',
])

/** @returns a sentence where the text names nobody. */
export function principalOf(text: string): Principal | string {
  if (text === 'anonymous') return { type: 'anonymous' }
  if (builtInProviders.has(text)) return { type: 'federated', provider: text }
  if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(text)) return { type: 'service', host: text }
  const arn = parseArn(text)
  if (arn === undefined) return forms
  const { service, account, resource, region, partition } = arn
  if (region !== '' || !isAccountId(account) || !/^aws[a-z-]*$/.test(partition)) return forms
  if (service === 'sts') return sessionOf(text, account, resource)
  if (service !== 'iam') return forms
  if (resource === 'root') return { type: 'root', account }
  if (/^user\/(?:[^/]+\/)*[^/]+$/.test(resource)) return { type: 'user', account, arn: text }
  if (/^(?:saml|oidc|ldap|local)-provider\/[^*?]+$/.test(resource))
    return { type: 'federated', provider: text }
  return resource.startsWith('role/')
    ? 'a role acts through its sessions: write `arn:aws:sts::<account>:assumed-role/<role>/<session>`'
    : forms
}

function sessionOf(text: string, account: string, resource: string): Principal | string {
  const session = parseAssumedRoleArn(text)
  if (session !== undefined) {
    return {
      type: 'role-session',
      account,
      arn: text,
      roleArn: roleArn(account, '/', session.roleName),
      pathUnknown: true,
    }
  }
  return /^federated-user\/[^/]+$/.test(resource) ? { type: 'federated-user', account, arn: text } : forms
}

const forms =
  'a principal is the ARN of a user, a role session, a federated user, an account root or an identity provider, ' +
  "a service's host, a built-in provider's host, or `anonymous`"
