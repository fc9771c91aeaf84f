/**
 * A real SAML identity provider for tests, the one of the demonstration, and the browser that walks through it: follow
 * the departure, fill in the page, carry the form back.
 */
import { startDemoSamlIdp } from '../../src/demo/saml-idp.js'
import type { DemoSamlIdp, DemoSamlIdpOptions } from '../../src/demo/saml-idp.js'
import type { DemoSamlPerson } from '../../src/demo/saml-idp-people.js'
import type { Arrival, Departure } from '../../src/federation/assertion.js'
import type { SamlSettings } from '../../src/federation/settings.js'

export const ada: DemoSamlPerson = {
  username: 'ada',
  password: 'analytical engine',
  displayName: 'Ada Lovelace',
  email: 'ada@example.com',
  groups: ['engineers', 'Mathematiker:innen'],
  department: 'R&D "compute"',
  attributes: {
    'https://aws.amazon.com/SAML/Attributes/Role': [
      'arn:aws:iam::111122223333:role/Reader,arn:aws:iam::111122223333:saml-provider/corp',
    ],
    'https://aws.amazon.com/SAML/Attributes/PrincipalTag:team': 'engine',
    'https://aws.amazon.com/SAML/Attributes/TransitiveTagKeys': ['team'],
    'https://aws.amazon.com/SAML/Attributes/SourceIdentity': 'ada',
    'https://aws.amazon.com/SAML/Attributes/SessionDuration': '7200',
  },
}

export const grace: DemoSamlPerson = {
  username: 'grace',
  password: 'nanoseconds',
  displayName: 'Grace Hopper',
  email: 'grace@example.com',
  groups: ['admirals'],
  multiFactor: true,
}

export function startTestSamlIdp(options: Omit<DemoSamlIdpOptions, 'port' | 'people'>): Promise<DemoSamlIdp> {
  return startDemoSamlIdp({ port: 0, people: [ada, grace], ...options })
}

export const serviceProviderUrls = {
  entityId: 'https://broker.example/signin/corp/metadata',
  acsUrl: 'https://broker.example/signin/corp/callback',
}

export function samlSettings(
  overrides: Partial<SamlSettings> & Pick<SamlSettings, 'metadata' | 'signing' | 'encryption'>,
): SamlSettings {
  return {
    kind: 'saml',
    name: 'corp',
    displayName: 'Corp',
    attributes: [{ from: 'department', to: 'department', list: false }],
    ...serviceProviderUrls,
    extraAudiences: [],
    extraRecipients: [],
    requestBinding: 'redirect',
    signRequests: false,
    insecureAllowSha1: false,
    clockSkewSeconds: 60,
    usernameAttribute: 'username',
    displayNameAttribute: 'displayName',
    emailAttribute: 'email',
    groupsAttribute: 'groups',
    ...overrides,
  }
}

/** What a browser brings back after a person has signed in. */
export async function signInInBrowser(departure: Departure, person: DemoSamlPerson): Promise<Arrival> {
  const page = await (await leave(departure)).text()
  const fields = fieldsOf(page)
  const signInUrl = new URL('/sign-in', departure.type === 'redirect' ? departure.location : departure.action)
  const form = new URLSearchParams({ ...fields, username: person.username, password: person.password })
  const answer = await fetch(signInUrl, { method: 'POST', body: form })
  return formArrival(fieldsOf(await answer.text()))
}

export function leave(departure: Departure): Promise<Response> {
  if (departure.type === 'redirect') return fetch(departure.location)
  return fetch(departure.action, { method: 'POST', body: new URLSearchParams([...departure.fields]) })
}

export function formArrival(fields: Readonly<Record<string, string>>): Arrival {
  return { method: 'POST', rawQuery: '', rawBody: new URLSearchParams(fields).toString() }
}

/** Hidden fields of the page's form. */
export function fieldsOf(page: string): Record<string, string> {
  const inputs = page.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)
  return Object.fromEntries([...inputs].map(([, name, value]) => [name, unescape(value ?? '')]))
}

function unescape(html: string): string {
  return html
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&amp;', '&')
}
