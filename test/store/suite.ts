/**
 * What every engine behind the store must do. Each engine's test file runs this against the real thing; `elapse` lets
 * the engine's own kind of time pass (a passed clock, or short real lifetimes).
 */
import { afterAll, beforeAll, describe } from '@jest/globals'
import type { Store } from '../../src/store/store.js'
import { expiringStoreCases } from './expiring-suite.js'
import { feedCases } from './feed-suite.js'
import { recordStoreCases } from './record-suite.js'

export interface StoreUnderTest {
  readonly store: Store
  /** A second connection or process-level handle to the same data. */
  readonly other: Store
  /** An expiry that `elapse` will have passed. */
  soon(): Date
  later(): Date
  elapse(): Promise<void>
  readonly stop: () => Promise<void>
}

let serial = 0
export const freshKey = (name: string) => `suite:${name}:${process.pid}:${++serial}`

/** Text that some step between here and the disk could take for something else. */
export const hostileTexts = [
  '',
  ':',
  '+',
  '1:2:3',
  'a\r\nb\0c',
  '\0',
  '𝒜\u2028é\ufeff\uffff',
  '"}',
  '*3\r\n$3\r\nDEL\r\n',
  'é'.repeat(50_000),
  'x'.repeat(200_000),
]

export const brokenKeys = ['', 'a b', 'a/b', 'a\n', 'ключ', 'a*', 'x'.repeat(513)]

export function storeSuite(engine: string, start: () => Promise<StoreUnderTest>): void {
  describe(`the store on ${engine}`, () => {
    let started: StoreUnderTest
    const under = () => started
    beforeAll(async () => {
      started = await start()
    })
    afterAll(() => started.stop())

    describe('values that expire', () => expiringStoreCases(under))
    describe('records', () => recordStoreCases(under))
    describe('the feed', () => feedCases(under))
  })
}
