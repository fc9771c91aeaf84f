/**
 * The roles a person switched to lately, with the names and colours they gave them. Kept per person, not per browser,
 * so that another machine and the next sign-in know them as well. A list of wishes: choosing one is evaluated anew.
 */
import { createHash } from 'node:crypto'
import type { Assertion } from '../federation/assertion.js'
import type { Clock } from '../fault.js'
import type { ExpiringStore } from '../store/expiring-store.js'
import type { ChosenRole } from './sign-in-session.js'

export interface RoleHistory {
  /** The latest first, each role once. */
  list(person: Pick<Assertion, 'issuer' | 'subject'>): Promise<readonly ChosenRole[]>
  remember(person: Pick<Assertion, 'issuer' | 'subject'>, role: ChosenRole): Promise<void>
}

const kept = 10
const keptDays = 90

export function createRoleHistory(deps: { readonly store: ExpiringStore; readonly now: Clock }): RoleHistory {
  const { store, now } = deps

  async function list(person: Pick<Assertion, 'issuer' | 'subject'>): Promise<readonly ChosenRole[]> {
    const text = await store.get(historyKey(person))
    return text === undefined ? [] : (JSON.parse(text) as readonly ChosenRole[])
  }

  return {
    list,
    async remember(person, role) {
      const others = (await list(person)).filter(({ roleArn }) => roleArn !== role.roleArn)
      const entry = { roleArn: role.roleArn, displayName: role.displayName, color: role.color }
      const expiresAt = new Date(now().getTime() + keptDays * 86_400_000)
      await store.put(historyKey(person), JSON.stringify([entry, ...others].slice(0, kept)), expiresAt)
    },
  }
}

function historyKey(person: Pick<Assertion, 'issuer' | 'subject'>): string {
  return `session.history:${createHash('sha256')
    .update(JSON.stringify([person.issuer, person.subject]))
    .digest('hex')}`
}
