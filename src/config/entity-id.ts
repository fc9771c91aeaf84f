/** Unique ids of what is declared under an ARN. */
import { createHash } from 'node:crypto'

/** What the words stand for in what is hashed; changing one changes every id. */
const kinds = { AROA: 'role', AIDA: 'user' } as const

/** A function of the ARN alone: every replica and every restart gives a role or user the same id. */
export function entityId(prefix: keyof typeof kinds, arn: string): string {
  const digest = createHash('sha256').update(`rolegate ${kinds[prefix]} id ${arn}`).digest()
  return `${prefix}${[...digest.subarray(0, 17)].map((byte) => base32.charAt(byte & 31)).join('')}`
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
