import { beforeEach, describe, expect, it } from '@jest/globals'
import { Fault } from '../../src/fault.js'
import { codeOf, device, elementOf, arnOf, stsHouse, type StsHouse } from '../support/sts-house.js'

let house: StsHouse
beforeEach(async () => {
  house = await stsHouse()
})

const given = { SerialNumber: device.serialNumber, TokenCode: device.code }
const forms = [
  { Action: 'GetSessionToken', ...given },
  { Action: 'AssumeRole', RoleArn: arnOf('WithMfa'), RoleSessionName: 'night', ...given },
]

describe.each(forms)('STS-33: an MFA code for $Action', (form) => {
  const ask = () => house.call(house.credentialsOf('user'), form)

  it('is taken once', async () => {
    expect((await ask()).status).toBe(200)
    const again = await ask()
    expect([again.status, codeOf(again), elementOf(again, 'Message')]).toEqual([
      403,
      'AccessDenied',
      'MultiFactorAuthentication failed with invalid MFA one time pass code. ',
    ])
    expect(house.events.map(({ requestParameters }) => requestParameters)).toMatchObject([
      { serialNumber: device.serialNumber },
      { serialNumber: device.serialNumber },
    ])
  })

  it('of a locked device is answered like a wrong one, and the record says why', async () => {
    house.mfa = { verify: () => Promise.resolve('locked') }
    const response = await ask()
    expect(elementOf(response, 'Message')).toBe(
      'MultiFactorAuthentication failed with invalid MFA one time pass code. ',
    )
    expect(house.events).toMatchObject([
      { errorCode: 'AccessDenied', additionalEventData: { reason: 'sts:mfa-locked' } },
    ])
  })

  it('is not taken while the record of used codes cannot be asked', async () => {
    house.mfa = {
      verify: () =>
        Promise.reject(new Fault('StoreUnavailable', 'The service cannot answer now. Try again.')),
    }
    const response = await ask()
    expect([response.status, codeOf(response)]).toEqual([503, 'ServiceUnavailable'])
    expect(response.body).not.toContain('SessionToken')
  })

  it('is neither recorded nor echoed, whatever becomes of it', async () => {
    await ask()
    const wrong = await house.call(house.credentialsOf('user'), { ...form, TokenCode: '1234567' })
    expect(codeOf(wrong)).toBe('ValidationError')
    for (const text of [wrong.body, JSON.stringify(house.events)]) {
      expect(text).not.toContain(device.code)
      expect(text).not.toContain('1234567')
    }
  })

  it('is not even looked at when something else is wrong', async () => {
    const asked: string[] = []
    house.mfa = {
      verify(_user, _serial, code) {
        asked.push(code)
        return Promise.resolve('accepted')
      },
    }
    await house.call(house.credentialsOf('user'), { ...form, DurationSeconds: '1' })
    expect(asked).toEqual([])
    await ask()
    expect(asked).toEqual([device.code])
  })
})
