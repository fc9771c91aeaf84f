import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { decodeSession, encodeSession } from '../../src/credentials/session-codec.js'
import { typicalSession, unnamedSessions } from '../support/session-arbitrary.js'

const accessKeyId = 'ASIARZPUZDIKAAAAAAAA'

describe('a session as bytes', () => {
  it('comes back as it was, whatever is in it', () => {
    fc.assert(
      fc.property(unnamedSessions, (session) => {
        expect(decodeSession(encodeSession(session), accessKeyId)).toEqual({ ...session, accessKeyId })
      }),
    )
  })

  it('is small', () => {
    expect(encodeSession(typicalSession).length).toBeLessThan(260)
  })

  it('is refused when anything is missing or left over', () => {
    const bytes = encodeSession(typicalSession)
    for (let length = 0; length < bytes.length; length += 1)
      expect(() => decodeSession(bytes.subarray(0, length), accessKeyId)).toThrow(RangeError)
    expect(() => decodeSession(Buffer.concat([bytes, Buffer.of(0, 1)]), accessKeyId)).toThrow(/left/)
  })

  it('can be padded to any size, and is the same session', () => {
    fc.assert(
      fc.property(unnamedSessions, fc.integer({ min: 0, max: 4000 }), (session, minimum) => {
        const bytes = encodeSession(session, minimum)
        expect(bytes.length).toBe(Math.max(minimum, encodeSession(session).length))
        expect(decodeSession(bytes, accessKeyId)).toEqual({ ...session, accessKeyId })
      }),
    )
  })

  it('is refused with bounded work when its bytes are noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        expect(() => decodeSession(Buffer.from([1, 0, ...noise]), accessKeyId)).toThrow()
      }),
    )
  })
})
