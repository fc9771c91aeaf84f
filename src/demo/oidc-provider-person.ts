/** What the demo's OpenID provider knows about its people: who has which password, and what it says about them. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { DemoPerson } from './people.js'

/** @returns undefined when either is wrong. */
export function personWith(
  people: readonly DemoPerson[],
  username: string,
  password: string,
): DemoPerson | undefined {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  const person = people.find((each) => each.username === username)
  const right = timingSafeEqual(digest(password), digest(person?.password ?? ''))
  return person !== undefined && right && password !== '' ? person : undefined
}

/** Standard claims where OpenID Connect Core section 5.1 has one. */
export function claimsOf(person: DemoPerson): Readonly<Record<string, unknown>> {
  return {
    sub: person.username,
    name: person.displayName,
    preferred_username: person.username,
    email: person.email,
    email_verified: true,
    department: person.department,
    groups: person.groups,
  }
}

export const multiFactorContext = 'https://refeds.org/profile/mfa'

/** How the demo pretends that this person signed in; only the password is really asked for. */
export function authenticationOf(person: DemoPerson): { readonly amr: string[]; readonly acr?: string } {
  return person.multiFactor ? { amr: ['pwd', 'otp', 'mfa'], acr: multiFactorContext } : { amr: ['pwd'] }
}
