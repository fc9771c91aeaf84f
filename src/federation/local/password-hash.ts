/**
 * Passwords of local accounts as argon2id PHC strings: the only importer of argon2. Memory-hard with the parameters
 * that OWASP's password storage cheat sheet gives for argon2id; the whole password counts, nothing is cut off.
 */
import { createTurnstile } from '../turnstile.js'

/** m in KiB. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const

/** What a users file may make us spend, so that a wrong or hostile line in it cannot exhaust the machine. */
const ceiling = { memoryCost: 262_144, timeCost: 10, parallelism: 4 }

export interface PasswordHasher {
  hash(password: string): Promise<string>
  /**
   * Compares in constant time. With `phc` undefined it spends the same on nobody's password and answers false.
   * @returns undefined when too many comparisons are waiting already.
   */
  verify(phc: string | undefined, password: string): Promise<boolean | undefined>
}

/** Loads argon2 now; hashing runs on libuv's threads, at most `atOnce` of the four there are by default. */
export async function createPasswordHasher(atOnce = 2): Promise<PasswordHasher> {
  const { argon2id, hash, verify } = await import('argon2')
  const turnstile = createTurnstile({ atOnce, waiting: 64, waitMs: 5_000 })
  // Keyboards differ in how they compose an accent; RFC 8265 section 4.2.2 compares what was meant.
  const prepared = (password: string) => password.normalize('NFC')
  const hashPassword = (password: string) => hash(prepared(password), { type: argon2id, ...parameters })
  const nobody = await hashPassword(`nobody:${Math.random()}`)

  return {
    hash: hashPassword,
    async verify(phc, password) {
      const passed = await turnstile.pass(() => verify(phc ?? nobody, prepared(password)))
      return passed === undefined ? undefined : passed.value && phc !== undefined
    },
  }
}

/** True for an argon2id PHC string whose cost is within bounds. */
export function isPasswordHash(text: string): boolean {
  const match = /^\$argon2id\$v=19\$([mtp]=\d+(?:,[mtp]=\d+)*)\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{22,}$/.exec(
    text,
  )
  if (match === null) return false
  const cost = new Map(match[1]!.split(',').map((pair) => [pair[0]!, Number(pair.slice(2))]))
  const within = (name: string, limit: number) => {
    const value = cost.get(name)
    return value !== undefined && value >= 1 && value <= limit
  }
  return (
    cost.size === 3 &&
    within('m', ceiling.memoryCost) &&
    within('t', ceiling.timeCost) &&
    within('p', ceiling.parallelism)
  )
}
