import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { cloudTrailTime } from '../../src/role/record.js'

const english = new Intl.DateTimeFormat('en-US', {
  timeZone: 'UTC',
  month: 'short',
  day: 'numeric',
  year: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  second: '2-digit',
})

describe('the time of an expiration in a record', () => {
  it.each([
    ['2014-07-18T16:07:39Z', 'Jul 18, 2014, 4:07:39 PM'],
    ['2026-01-02T00:00:00Z', 'Jan 2, 2026, 12:00:00 AM'],
    ['2026-12-31T12:00:59Z', 'Dec 31, 2026, 12:00:59 PM'],
    ['2026-03-01T09:05:01.999Z', 'Mar 1, 2026, 9:05:01 AM'],
  ])('%s is written %s', (instant, written) => {
    expect(cloudTrailTime(new Date(instant))).toBe(written)
  })

  it('is what the locale of CloudTrail makes of it, whatever the instant', () => {
    const instants = fc.date({
      min: new Date('2000-01-01'),
      max: new Date('2099-12-31'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(instants, (instant) => {
        // Newer locale data puts a narrow no-break space before AM and PM.
        expect(cloudTrailTime(instant)).toBe(english.format(instant).replaceAll('\u202f', ' '))
      }),
    )
  })
})
