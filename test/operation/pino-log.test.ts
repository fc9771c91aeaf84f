import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Fault } from '../../src/fault.js'
import { createPinoLog } from '../../src/operation/pino-log.js'
import { buildChild, type ChildScript } from '../support/child.js'

function capture(level: 'debug' | 'info' | 'warn' | 'error' = 'debug') {
  const text: string[] = []
  const log = createPinoLog({
    level,
    destination: { write: (line) => void text.push(line), flush: async () => undefined },
  })
  return { log, text, lines: () => text.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

describe('the log', () => {
  it('writes one JSON line per event with level, time and fields', () => {
    const { log, lines } = capture()
    log.info('store.connection', { attempt: 2, nodes: ['a', 'b'], at: new Date(0) })
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        pid: process.pid,
        event: 'store.connection',
        attempt: 2,
        nodes: ['a', 'b'],
        at: '1970-01-01T00:00:00.000Z',
      },
    ])
  })

  it('says nothing below its level', () => {
    const { log, lines } = capture('warn')
    log.debug('a')
    log.info('b')
    log.warn('c')
    log.error('d')
    expect(lines().map(({ event }) => event)).toEqual(['c', 'd'])
  })

  it('keeps a secret out by its field’s name, at any depth, and leaves identifiers', () => {
    const { log, text, lines } = capture()
    const canary = 'canary-7f3a'
    const names = [
      'password bindPassword clientSecret secretAccessKey sessionToken access_token id_token refreshToken token tokens',
      'authorization Authorization cookie Set-Cookie SAMLResponse saml_response assertion privateKey passphrase code',
      'codeVerifier credentials client_assertion',
    ].flatMap((line) => line.split(' '))
    for (const name of names) {
      log.info('flat', { [name]: canary })
      log.info('deep', {
        request: { headers: [{ [name]: { value: canary } }] },
        map: new Map([[name, canary]]),
      })
    }
    log.info('fine', {
      accessKeyId: 'ASIAEXAMPLE',
      tokenEndpoint: 'https://op.example/token',
      statusCode: 400,
    })
    expect(text.join('')).not.toContain(canary)
    expect(lines().at(-1)).toMatchObject({ accessKeyId: 'ASIAEXAMPLE', statusCode: 400 })
    expect(lines().at(-1)).toMatchObject({ tokenEndpoint: 'https://op.example/token' })
  })

  it('keeps passwords out of addresses', () => {
    const { log, text } = capture()
    log.warn('x', {
      url: 'redis://default:canary-7f3a@cache:6379/0',
      also: new URL('ldap://cn:canary-7f3a@dir'),
    })
    expect(text.join('')).not.toContain('canary')
    expect(text.join('')).toContain('@cache:6379/0')
  })

  it('takes from an error what helps, with its causes, and nothing that hangs on it', () => {
    const { log, text, lines } = capture()
    const inner = Object.assign(new Error('connect ECONNREFUSED'), {
      code: 'ECONNREFUSED',
      body: 'canary-7f3a',
    })
    const cause = new Fault('ProviderUnavailable', 'the directory cannot be reached', {
      reason: 'ldap:connect',
      cause: new AggregateError([inner], 'all failed'),
    })
    log.error('signin.failed', { cause })
    expect(text.join('')).not.toContain('canary')
    expect(lines()[0]?.cause).toMatchObject({
      name: 'Fault',
      code: 'ProviderUnavailable',
      reason: 'ldap:connect',
      stack: expect.stringContaining('Fault'),
      cause: { message: 'all failed', errors: [{ message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' }] },
    })
  })

  it('stays on one line and inert on a terminal whatever a name holds', () => {
    const { log, text, lines } = capture()
    log.warn('x', { name: 'a\r\n{"level":"error"}\u001b[31m\u2028\u202e\u009b', ['k\u2028\n']: 1 })
    expect(text).toHaveLength(1)
    expect(text[0]?.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u)
    expect(lines()[0]?.name).toContain('{"level":"error"}\\u001b[31m')
  })

  it('survives what cannot be written: cycles, depth, size, odd objects', () => {
    const { log, lines } = capture()
    const cycle: Record<string, unknown> = { name: 'cycle' }
    cycle.self = cycle
    log.info('odd', {
      cycle,
      long: 'x'.repeat(1_000_000),
      many: Array.from({ length: 10_000 }, (_, n) => n),
      big: 1n,
      bytes: Buffer.from('canary'),
      nothing: undefined,
      invalid: new Date(Number.NaN),
      set: new Set([1]),
      ['__proto__']: { polluted: true },
    })
    expect(JSON.stringify(lines()[0]).length).toBeLessThan(10_000)
    expect(lines()[0]).toMatchObject({ big: '1', bytes: '6 bytes', invalid: 'invalid date', set: [1] })
  })
})

describe('the log on standard error', () => {
  let folder: string
  let child: ChildScript
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rolegate-log-'))
    child = buildChild(folder, 'log', {
      entry: 'src/operation/pino-log.ts',
      imports: ['createPinoLog'],
      script: `
        const log = createPinoLog({ level: 'info' })
        for (let n = 0; n < Number(process.argv[2]); n++) log.info('line', { n })
        await log.flush()
        process.exit(3)
      `,
    })
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('is complete when the process exits right after flush', () => {
    const [program, ...args] = child.command
    for (const count of [1, 2_000]) {
      const { stdout, status, stderr } = spawnSync(program, [...args, String(count)])
      expect({ status, stdout: stdout.toString() }).toEqual({ status: 3, stdout: '' })
      expect(stderr.toString().trim().split('\n')).toHaveLength(count)
    }
  })

  it.each([
    ['whose reader has gone', '"$@" 2>&1 | true; exit "${PIPESTATUS[0]}"'],
    ['whose disk is full', '"$@" 2> /dev/full'],
    [
      'whose reader has stopped',
      'mkfifo "$0"; sleep 60 < "$0" & "$@" 2> "$0"; status=$?; kill $!; exit $status',
    ],
  ])('does not hold back a process %s', (_what, script) => {
    const pipe = join(folder, 'pipe')
    const { status, stderr } = spawnSync('bash', ['-c', script, pipe, ...child.command, '5000'], {
      timeout: 20_000,
    })
    expect({ status, stderr: stderr.toString() }).toEqual({ status: 3, stderr: '' })
  })
})
