/**
 * What a SAML assertion contributes to a trust policy's request context: the keys AWS documents ("Available keys for
 * SAML-based AWS STS federation"), the attributes the configuration maps, and the groups. The keys that depend on the
 * account of the role (`saml:doc`, `saml:namequalifier`) are added where that account is known.
 */
import type { ContextValue } from '../../policy/context.js'
import { mappedValue } from '../mapped-value.js'
import type { SamlSettings } from '../settings.js'
import type { AssertionFacts } from './facts.js'

const eduPerson = 'urn:oid:1.3.6.1.4.1.5923.1.1.1.'
const eduOrg = 'urn:oid:1.3.6.1.4.1.5923.1.2.1.'
const identityClaims = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/'
const one = (key: string) => ({ key, list: false })
const many = (key: string) => ({ key, list: true })

const documented = new Map([
  [`${eduPerson}1`, many('edupersonaffiliation')],
  [`${eduPerson}2`, many('edupersonnickname')],
  [`${eduPerson}3`, one('edupersonorgdn')],
  [`${eduPerson}4`, many('edupersonorgunitdn')],
  [`${eduPerson}5`, one('edupersonprimaryaffiliation')],
  [`${eduPerson}6`, one('edupersonprincipalname')],
  [`${eduPerson}7`, many('edupersonentitlement')],
  [`${eduPerson}8`, one('edupersonprimaryorgunitdn')],
  [`${eduPerson}9`, one('edupersonscopedaffiliation')],
  [`${eduPerson}10`, many('edupersontargetedid')],
  [`${eduPerson}11`, many('edupersonassurance')],
  [`${eduOrg}2`, many('eduorghomepageuri')],
  [`${eduOrg}3`, many('eduorgidentityauthnpolicyuri')],
  [`${eduOrg}4`, many('eduorglegalname')],
  [`${eduOrg}5`, many('eduorgsuperioruri')],
  [`${eduOrg}6`, many('eduorgwhitepagesuri')],
  ['urn:oid:2.5.4.3', many('cn')],
  [`${identityClaims}name`, one('name')],
  [`${identityClaims}givenname`, one('givenname')],
  [`${identityClaims}surname`, one('surname')],
  [`${identityClaims}emailaddress`, one('mail')],
  ['http://schemas.xmlsoap.org/claims/CommonName', one('commonname')],
  ['http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid', one('primarygroupsid')],
  ['2.5.4.3', one('commonname')],
  ['2.5.4.4', one('surname')],
  ['2.4.5.42', one('givenname')],
  ['2.5.4.45', one('x500uniqueidentifier')],
  ['0.9.2342.19200300100.1.1', one('uid')],
  ['0.9.2342.19200300100.1.3', one('mail')],
  ['0.9.2342.19200300100.1.45', one('organizationstatus')],
])

/** Keys in lower case. What the protocol itself says can never be replaced by an attribute. */
export function conditionKeysOf(
  assertion: AssertionFacts,
  recipient: string,
  settings: Pick<SamlSettings, 'attributes' | 'groupsAttribute'>,
): ReadonlyMap<string, ContextValue> {
  const keys = new Map<string, ContextValue>([
    ['saml:aud', recipient],
    ['saml:iss', assertion.issuer],
    ['saml:sub', assertion.nameId.value],
    ['saml:sub_type', subjectType(assertion.nameId.format)],
  ])
  const add = (name: string, values: readonly string[], list: boolean) => {
    const key = `saml:${name.toLowerCase()}`
    const present = values.filter((value) => value !== '')
    if (present.length > 0 && !keys.has(key))
      keys.set(key, list || present.length > 1 ? present : present[0]!)
  }
  const values = new Map(assertion.attributes.map((attribute) => [attribute.name, attribute.values]))
  if (settings.groupsAttribute !== '') add('groups', values.get(settings.groupsAttribute) ?? [], true)
  for (const mapping of settings.attributes) {
    const value = mappedValue(
      'saml',
      mapping,
      (values.get(mapping.from) ?? []).filter((text) => text !== ''),
    )
    const key = `saml:${mapping.to.toLowerCase()}`
    if (value !== undefined && !keys.has(key)) keys.set(key, value)
  }
  for (const [name, { key, list }] of documented) add(key, values.get(name) ?? [], list)
  return keys
}

/** `urn:oasis:names:tc:SAML:2.0:nameid-format:persistent` → `persistent`; other formats unchanged. */
function subjectType(format: string | undefined): string {
  const unspecified = 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified'
  return (format ?? unspecified).replace(/^urn:oasis:names:tc:SAML:2\.0:nameid-format:/, '')
}
