/** Characters of session tokens: typical ones, and how much goes into one before it is refused. */
import { randomBytes } from 'node:crypto'
import { maxSessionTokenLength } from '../dist/role/session.js'
import { print, row } from './table.mjs'

/** @param session as a workload token made it, without its access key id. */
export function reportTokenWeights(credentials, session) {
  const tags = (count) =>
    new Map(Array.from({ length: count }, (_, index) => [`cost-center-${index}`, `department-${index}`]))
  const link = { accessKeyId: 'ASIAAAAAAAAAAAAAAAAA', roleId: session.roleId, issuedAt: session.issuedAt }
  const chained = { ...session, chain: [link] }
  // Policies are deflated, so the worst one is text that does not repeat itself.
  const noise = randomBytes(maxSessionTokenLength).toString('base64')
  const policy = (length) => ({ ...chained, sessionPolicies: [noise.slice(0, length)] })
  const weight = (made) => {
    try {
      return credentials.issue(made).sessionToken.length
    } catch (refused) {
      if (refused.code !== 'PackedPolicyTooLarge') throw refused
      return undefined
    }
  }
  print('\nSession tokens, characters')
  for (const [name, made] of [
    ['workload, first role', session],
    ['chained role', chained],
    ['chained role, 10 tags', { ...chained, tags: tags(10) }],
    ['chained role, 50 tags', { ...chained, tags: tags(50) }],
    ['chained, worst policy of 1,024', policy(1024)],
    ['chained, worst policy of 2,048', policy(2048)],
  ])
    print(row(`  ${name}`, weight(made) ?? 'refused'))
  let [longest, refused] = [0, noise.length]
  while (refused - longest > 1) {
    const middle = Math.floor((longest + refused) / 2)
    if (weight(policy(middle)) === undefined) refused = middle
    else longest = middle
  }
  print(row('  limit', maxSessionTokenLength))
  print(row('  heaviest', weight(policy(longest))) + `  with a worst policy of ${longest}`)
}
