import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { createEnvelope } from '../../src/credentials/envelope.js'
import type { RingInForce } from '../../src/credentials/key-ring.js'
import { freshKey, ringOf, type RingSketch } from '../support/key-ring.js'

const keys = [freshKey(), freshKey()]
const content = Buffer.from('what was sealed')
const label = 'AKIA'

/** A ring, and how often it was told of a key that it does not have. */
async function counting(sketch: RingSketch): Promise<RingInForce & { readonly missed: () => number }> {
  const ring = await ringOf(sketch)
  let missed = 0
  return { current: ring.current, missedKey: () => void (missed += 1), missed: () => missed }
}
const sealedBy = async (sketch: RingSketch, purpose = 'session-token', forLabel = label) =>
  createEnvelope(await ringOf(sketch), purpose, randomBytes).seal(content, forLabel).bytes

/** What to send, made from a good message, and whether the key that it names is unknown to the ring. */
const refused: readonly [string, (good: Buffer) => Buffer | Promise<Buffer>, boolean][] = [
  ['TOK-03: an unknown key id', (good) => patched(good, 1, Buffer.alloc(8, 7)), true],
  [
    'TOK-03: a key id that spells a member of objects',
    (good) => patched(good, 1, Buffer.from('__proto_')),
    true,
  ],
  ['TOK-03: a key id that spells a path', (good) => patched(good, 1, Buffer.from('../../..')), true],
  [
    'TOK-03: the id of another key of the ring',
    async (good) => patched(good, 1, (await sealedBy({ keys: keys.toReversed() })).subarray(1, 9)),
    false,
  ],
  ['TOK-05: another purpose', () => sealedBy({ keys }, 'box/sign-in-session'), false],
  ['TOK-08: a key that has left the ring', () => sealedBy({}), true],
  [
    'TOK-12: another installation with the same key',
    () => sealedBy({ keys, installation: 'staging' }),
    false,
  ],
  ['TOK-14: another label', () => sealedBy({ keys }, 'session-token', 'ASIA'), false],
  ['TOK-02: another version', (good) => patched(good, 0, Buffer.of(2)), false],
  ['TOK-02: the version before the first', (good) => patched(good, 0, Buffer.of(0)), false],
  ['TOK-02: a nonce of zeros', (good) => patched(good, 9, Buffer.alloc(24)), false],
  ['TOK-02: a tag of zeros', (good) => patched(good, good.length - 16, Buffer.alloc(16)), false],
  ['TOK-02: a tag cut to 4 bytes', (good) => good.subarray(0, good.length - 12), false],
  ['TOK-02: one more byte', (good) => Buffer.concat([good, Buffer.of(0)]), false],
  ['TOK-02: no content', (good) => Buffer.concat([good.subarray(0, 33), good.subarray(-16)]), false],
  ['TOK-02: less than an envelope', (good) => good.subarray(0, 48), true],
  ['TOK-02: a head alone', (good) => good.subarray(0, 9), true],
  ['TOK-02: nothing', () => Buffer.alloc(0), true],
]

function patched(bytes: Buffer, at: number, patch: Buffer): Buffer {
  const changed = Buffer.from(bytes)
  patch.copy(changed, at)
  return changed
}

describe('an envelope', () => {
  it('gives back what it sealed, whichever key of the ring sealed it', async () => {
    const [one, other] = [await ringOf({ keys }), await ringOf({ keys: keys.toReversed() })]
    const [sealing, opening] = [one, other].map((ring) => createEnvelope(ring, 'p', randomBytes))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), fc.string(), (bytes, forLabel) => {
        const { bytes: sealed, extra } = sealing!.seal(Buffer.from(bytes), forLabel)
        const opened = opening!.open(sealed, forLabel)
        expect(opened?.content.equals(bytes)).toBe(true)
        expect(opened?.extra.equals(extra)).toBe(true)
        expect(opened?.isCurrent).toBe(false)
        expect(sealing!.open(sealed, forLabel)?.isCurrent).toBe(true)
      }),
    )
  })

  it.each(refused)('is not opened from %s', async (_name, make, isUnknownKey) => {
    const ring = await counting({ keys })
    const envelope = createEnvelope(ring, 'session-token', randomBytes)
    const good = envelope.seal(content, label).bytes
    expect(envelope.open(await make(good), label)).toBeUndefined()
    expect(ring.missed()).toBe(isUnknownKey ? 1 : 0)
    expect(envelope.open(good, label)?.content.equals(content)).toBe(true)
  })

  it('never throws, and never opens noise', async () => {
    const envelope = createEnvelope(await ringOf({ keys }), 'session-token', randomBytes)
    const { bytes } = envelope.seal(content, label)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, named) => {
        const message = named ? Buffer.concat([bytes.subarray(0, 9), noise]) : Buffer.from(noise)
        expect(envelope.open(message, label)).toBeUndefined()
      }),
    )
  })
})
