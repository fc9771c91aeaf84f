/** What follows from each key of the ring, made once per key however often the ring changes. */
import type { KeyRing, RingInForce } from './key-ring.js'
import type { RingKey } from './ring-key.js'

export interface PerKey<Made> {
  readonly installation: string
  readonly active: Made
  /** By key id. */
  readonly all: ReadonlyMap<string, Made>
}

/** @returns what to ask at every message; it is the same object until the ring changes. */
export function perKey<Made>(ring: RingInForce, make: (key: RingKey) => Made): () => PerKey<Made> {
  const madeOf = ({ installation, active, keys }: KeyRing, known?: PerKey<Made>): PerKey<Made> => {
    const all = new Map(keys.map((key) => [key.id, known?.all.get(key.id) ?? make(key)]))
    return { installation, active: all.get(active.id)!, all }
  }
  let of = ring.current()
  let made = madeOf(of)
  return () => {
    const current = ring.current()
    if (current === of) return made
    made = madeOf(current, made)
    of = current
    return made
  }
}
