/** What each kind of credentials gets from the actions that need a signature, row by row. */
import { beforeEach, describe, expect, it } from '@jest/globals'
import { jsonBeside } from '../support/json.js'
import { codeOf, device, elementOf, stsHouse, type CallerKind, type StsHouse } from '../support/sts-house.js'

interface Row {
  readonly name: string
  readonly caller: CallerKind
  readonly form: Readonly<Record<string, string>>
  readonly status: number
  readonly code?: string
  /** Empty: no such element. */
  readonly message?: string
  /** In the record. */
  readonly reason?: string
  readonly cause?: string
  /** `*` for any text. */
  readonly elements?: Readonly<Record<string, string>>
  readonly absent?: readonly string[]
  /** Seconds from now. */
  readonly lasts?: number
}

let house: StsHouse
beforeEach(async () => {
  house = await stsHouse()
})

describe('signed actions', () => {
  it.each(jsonBeside<Row[]>(import.meta.url, 'callers.json'))('$name ($caller)', async (row) => {
    const response = await house.call(house.credentialsOf(row.caller), row.form)
    expect([response.status, codeOf(response)]).toEqual([row.status, row.code ?? ''])
    if (row.message !== undefined) expect(elementOf(response, 'Message') ?? '').toBe(row.message)
    for (const [name, value] of Object.entries(row.elements ?? {}))
      expect([name, elementOf(response, name)]).toEqual([
        name,
        value === '*' ? expect.stringMatching(/./) : value,
      ])
    for (const name of row.absent ?? []) expect([name, elementOf(response, name)]).toEqual([name, undefined])
    if (row.lasts !== undefined) {
      const end = new Date(house.clock.now().getTime() + row.lasts * 1000)
      expect(elementOf(response, 'Expiration')).toBe(`${end.toISOString().slice(0, 19)}Z`)
    }

    expect(house.events).toHaveLength(1)
    const [event] = house.events
    expect(event).toMatchObject({ eventName: row.form.Action, awsRegion: 'eu-central-1' })
    expect(event?.errorCode).toBe(row.code)
    if (row.reason !== undefined) expect(event?.additionalEventData).toMatchObject({ reason: row.reason })
    if (row.cause !== undefined) expect(event?.additionalEventData).toMatchObject({ cause: row.cause })
    const written = JSON.stringify(house.events)
    expect(written).not.toContain(device.code)
    const token = elementOf(response, 'SessionToken')
    if (token !== undefined) expect(written).not.toContain(token)
    if (row.status !== 200) expect(response.body).not.toContain('<SecretAccessKey>')
  })
})
