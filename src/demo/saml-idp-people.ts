/** The people of the demonstration's SAML identity provider and their passwords, which the caller makes per installation. */
import { createHash, timingSafeEqual } from 'node:crypto'

export interface DemoSamlPerson {
  readonly username: string
  readonly password: string
  readonly displayName: string
  readonly email: string
  readonly groups: readonly string[]
  readonly department?: string
  /** Says so in the AuthnContext; the demonstration asks for no second factor. */
  readonly multiFactor?: boolean
  /** More attributes by their full names, e.g. `https://aws.amazon.com/SAML/Attributes/Role`. */
  readonly attributes?: Readonly<Record<string, string | readonly string[]>>
}

export function findPerson(
  people: readonly DemoSamlPerson[],
  username: string | null,
  password: string | null,
): DemoSamlPerson | undefined {
  const found = people.filter((person) => person.username === username)[0]
  return found && isSame(found.password, password ?? '') ? found : undefined
}

function isSame(expected: string, given: string): boolean {
  return timingSafeEqual(digest(expected), digest(given))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
