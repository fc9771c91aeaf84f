import { PassThrough } from 'node:stream'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals'
import { addUser, changePassword, listUsers, removeUser, type UserIo } from '../../../src/cli/user.js'
import type { PasswordInput } from '../../../src/cli/password-prompt.js'
import { createPasswordHasher } from '../../../src/federation/local/password-hash.js'
import { readUsers } from '../../../src/federation/local/users-file.js'
import { testClock } from '../../support/clock.js'

const folder = mkdtempSync(join(tmpdir(), 'rolegate-user-'))
const usersFile = join(folder, 'new', 'users.json')
beforeEach(() => rmSync(join(folder, 'new'), { recursive: true, force: true }))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const clock = testClock()

function terminal(typed: { keys?: readonly string[]; piped?: string } = {}) {
  const told = { out: '', err: '', shown: '', raw: [] as boolean[] }
  const stream = new PassThrough()
  const input: PasswordInput = Object.assign(stream, {
    isTTY: typed.keys !== undefined,
    setRawMode: (raw: boolean) => void told.raw.push(raw),
  })
  if (typed.piped !== undefined) stream.end(typed.piped)
  const keys = [...(typed.keys ?? [])]
  const io: UserIo = {
    out: (text) => void (told.out += text),
    err: (text) => void (told.err += `${text}\n`),
    show: (text) => {
      told.shown += text
      const next = text === '\n' ? undefined : keys.shift()
      if (next !== undefined) setImmediate(() => stream.write(next))
    },
    now: clock.now,
    random: randomBytes,
    input,
  }
  return { io, told }
}

const base = { usersFile, name: 'alice', groups: [], attributes: [], passwordStdin: false, generate: false }

async function passwordIs(name: string, password: string): Promise<boolean | undefined> {
  const user = (await readUsers(usersFile)).find((other) => other.name === name)
  return (await createPasswordHasher()).verify(user?.password, password)
}

describe('rolegate user', () => {
  it('adds an account with everything that was said, its password from standard input', async () => {
    const { io, told } = terminal({ piped: 'correct horse battery\n' })
    const code = await addUser(
      {
        ...base,
        displayName: 'Alice Liddell',
        email: 'alice@example.test',
        groups: ['admins', 'admins', 'devs'],
        attributes: ['department=Engineering', 'site=Oxford', 'site=a=b'],
        passwordStdin: true,
      },
      io,
    )
    expect([code, told.out]).toEqual([0, ''])
    expect(await readUsers(usersFile)).toEqual([
      {
        name: 'alice',
        displayName: 'Alice Liddell',
        email: 'alice@example.test',
        groups: ['admins', 'devs'],
        attributes: { department: 'Engineering', site: ['Oxford', 'a=b'] },
        password: expect.stringMatching(/^\$argon2id\$/),
        createdAt: '2026-01-02T03:04:05.000Z',
        changedAt: '2026-01-02T03:04:05.000Z',
      },
    ])
    expect(await passwordIs('alice', 'correct horse battery')).toBe(true)
  })

  it('asks twice without echo, and forgets what was rubbed out', async () => {
    const { io, told } = terminal({ keys: ['correct horse batterx\u007fy\r', 'correct horse battery\r'] })
    expect(await addUser(base, io)).toBe(0)
    expect(await passwordIs('alice', 'correct horse battery')).toBe(true)
    expect(told.shown).toBe('New password: \nOnce more: \n')
    expect(told.raw).toEqual([true, false, true, false])
    expect(told.out + told.err).not.toContain('horse')
  })

  it('takes both answers from one paste', async () => {
    const { io } = terminal({ keys: ['correct horse battery\ncorrect horse battery\n'] })
    expect(await addUser(base, io)).toBe(0)
  })

  it.each([
    ['two that differ', { keys: ['correct horse battery\r', 'correct horse batterx\r'] }, 2],
    ['eleven characters', { keys: ['12345678901\r', '12345678901\r'] }, 2],
    ['Ctrl-C', { keys: ['correct\u0003'] }, 1],
    ['no terminal', {}, 2],
  ])('changes nothing after %s', async (_what, typed, code) => {
    const { io, told } = terminal(typed)
    expect(await addUser(base, io)).toBe(code)
    expect(told.err).toMatch(/^rolegate: /)
    expect(told.err).not.toMatch(/correct|1234/)
    await expect(readUsers(usersFile)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it.each([
    ['short', 'short'],
    ['spaces only', ' '.repeat(20)],
    ['a control character', 'correct horse\u0007battery'],
    ['two lines', 'correct horse\nbattery staple\n'],
    ['the name', 'a-long-user-name'],
    ['no end', 'x'.repeat(10_000)],
  ])('refuses a password of %s', async (_what, piped) => {
    const { io } = terminal({ piped })
    expect(await addUser({ ...base, name: 'a-long-user-name', passwordStdin: true }, io)).toBe(2)
  })

  it.each([
    { name: '' },
    { name: 'a b' },
    { name: '../x' },
    { attributes: ['novalue'] },
    { attributes: ['=x'] },
    { attributes: ['__proto__=x'] },
    { attributes: ['Groups=admins'] },
  ])('refuses %j before it asks for anything', async (wrong) => {
    const { io, told } = terminal()
    expect(await addUser({ ...base, ...wrong }, io)).toBe(2)
    expect(told.shown).toBe('')
  })

  it('makes up a password and prints it once', async () => {
    const { io, told } = terminal()
    expect(await addUser({ ...base, generate: true }, io)).toBe(0)
    expect(told.out).toMatch(/^[\w-]{27}\n$/)
    expect(await passwordIs('alice', told.out.trim())).toBe(true)
  })

  it('does not take a name twice, in whatever spelling', async () => {
    await addUser({ ...base, generate: true }, terminal().io)
    const { io, told } = terminal()
    expect(await addUser({ ...base, name: 'ALICE', generate: true }, io)).toBe(1)
    expect(told.err).toBe('rolegate: there is a user `ALICE` already\n')
  })

  it('changes a password, lists and removes', async () => {
    await addUser({ ...base, groups: ['a', 'b'], displayName: 'Al\u001bice', generate: true }, terminal().io)
    clock.advance(60)
    const { io } = terminal({ piped: 'another long password' })
    expect(await changePassword({ ...base, passwordStdin: true }, io)).toBe(0)
    expect(await passwordIs('alice', 'another long password')).toBe(true)
    expect((await readUsers(usersFile))[0]?.changedAt).toBe(clock.now().toISOString())

    const listed = terminal()
    expect(await listUsers({ usersFile }, listed.io)).toBe(0)
    expect(listed.told.out).toBe('alice\tAl ice\ta,b\n')

    expect(await removeUser({ usersFile, name: 'alice' }, terminal().io)).toBe(0)
    expect(await readUsers(usersFile)).toEqual([])
    expect(await removeUser({ usersFile, name: 'alice' }, terminal().io)).toBe(1)
    expect(await changePassword({ ...base, generate: true }, terminal().io)).toBe(1)
  })

  it('never overwrites a file it does not understand', async () => {
    await addUser({ ...base, generate: true }, terminal().io)
    writeFileSync(usersFile, '{"version":7}')
    expect(await addUser({ ...base, name: 'bob', generate: true }, terminal().io)).toBe(1)
    expect(readFileSync(usersFile, 'utf8')).toBe('{"version":7}')
  })
})
