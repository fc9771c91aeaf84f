import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createRoleHistory } from '../../src/session/role-history.js'
import { sessionStore } from './session-store.js'

let held: Awaited<ReturnType<typeof sessionStore>>
beforeEach(async () => {
  held = await sessionStore()
})
afterEach(() => held.close())

const ada = { issuer: 'https://idp.example.test', subject: 'ada' }

describe('role history', () => {
  it('lists the latest first, each role once, with its last name and colour', async () => {
    const history = createRoleHistory({ store: held.store, now: held.clock.now })
    await history.remember(ada, { roleArn: 'arn:a', displayName: 'A' })
    await history.remember(ada, { roleArn: 'arn:b', displayName: 'B' })
    await history.remember(ada, { roleArn: 'arn:a', displayName: 'A again', color: '#b7ca9d' })
    expect(await history.list(ada)).toEqual([
      { roleArn: 'arn:a', displayName: 'A again', color: '#b7ca9d' },
      { roleArn: 'arn:b', displayName: 'B' },
    ])
  })

  it('keeps ten', async () => {
    const history = createRoleHistory({ store: held.store, now: held.clock.now })
    for (let index = 0; index < 13; index += 1) {
      await history.remember(ada, { roleArn: `arn:${index}`, displayName: String(index) })
    }
    const names = (await history.list(ada)).map(({ displayName }) => displayName)
    expect(names).toEqual(['12', '11', '10', '9', '8', '7', '6', '5', '4', '3'])
  })

  it('belongs to a person at an issuer, not to a name', async () => {
    const history = createRoleHistory({ store: held.store, now: held.clock.now })
    await history.remember(ada, { roleArn: 'arn:a', displayName: 'A' })
    expect(await history.list({ ...ada, issuer: 'https://other.example.test' })).toEqual([])
    expect(await history.list({ issuer: 'https://idp.example.test\0a', subject: 'da' })).toEqual([])
  })
})
