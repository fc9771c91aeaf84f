import { execFileSync, spawn } from 'node:child_process'
import { closeSync, constants, existsSync, openSync, readSync } from 'node:fs'
import {
  appendFile,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
  truncate,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { auditEvent } from '../../src/audit/build-event.js'
import { createAuditLog, type AuditLogDeps } from '../../src/audit/audit-log.js'
import type { AuditEvent, AuditLog } from '../../src/audit/event.js'
import { keptLog } from '../support/silent-log.js'
import { buildChild } from '../support/child.js'

const now = () => new Date('2026-01-02T03:04:05Z')
let folder: string
let serial = 0
const opened: AuditLog[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-audit-'))
})
afterEach(async () => {
  for (const audit of opened.splice(0)) await audit.close()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function event(name: string, additionalEventData: Record<string, unknown> = {}): AuditEvent {
  return auditEvent({
    origin: { requestId: name, sourceIp: '192.0.2.1', userAgent: 'test', secure: true },
    now: now(),
    eventID: name,
    eventSource: 'sts.amazonaws.com',
    eventName: 'AssumeRole',
    userIdentity: { type: 'Unknown' },
    additionalEventData,
  })
}

/** A log on a fresh file, what it counted and what it said. */
async function start(overrides: Partial<AuditLogDeps> = {}) {
  const file = join(folder, `${++serial}.jsonl`)
  const log = keptLog()
  const counted: string[] = []
  const metrics = { auditRecord: (outcome: string) => void counted.push(outcome) }
  const audit = await createAuditLog({
    file,
    stdout: false,
    now,
    log,
    metrics,
    lookEveryMs: 0,
    ...overrides,
  })
  opened.push(audit)
  return { file, log, counted, audit }
}
const idsIn = async (file: string) =>
  (await readFile(file, 'utf8'))
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as AuditEvent).eventID)

const unavailable = { code: 'AuditUnavailable' }

describe('the audit log on a file', () => {
  it('has every record on its own line, in order, readable by its owner only, when it says so', async () => {
    const { audit, file, counted } = await start()
    await audit.record(event('1'))
    expect(await idsIn(file)).toEqual(['1'])
    const names = Array.from({ length: 500 }, (_, n) => `n${n}`)
    await Promise.all(names.map((name) => audit.record(event(name))))
    expect(await idsIn(file)).toEqual(['1', ...names])
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(counted).toHaveLength(501)
    expect(new Set(counted)).toEqual(new Set(['written']))
  })

  it('writes one line whatever stands in a field, and gives it back unchanged', async () => {
    const { audit, file } = await start()
    const hostile = 'a\r\nb\u2028c\u2029d"}\u001b[31m\u009b\u007f\u202e\0\ud800 end'
    await audit.record(event('1', { hostile, [`k\u2028${hostile}`]: hostile }))
    const text = await readFile(file, 'utf8')
    expect(text.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u)
    expect((JSON.parse(text) as AuditEvent).additionalEventData?.hostile).toBe(hostile)
  })

  it('appends to what is there, and ends a line that a crash left torn', async () => {
    const { audit, file, ...rest } = await start()
    await audit.record(event('1'))
    await audit.close()
    await appendFile(file, '{"torn":')
    const again = await start({ file, ...rest })
    await again.audit.record(event('2'))
    const lines = (await readFile(file, 'utf8')).split('\n')
    expect(lines).toHaveLength(4)
    expect(lines[1]).toBe('{"torn":')
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({ eventID: '2' })
  })

  it('goes on in a new file when the old one is moved, removed or emptied', async () => {
    const { audit, file } = await start()
    await audit.record(event('1'))
    await rename(file, `${file}.1`)
    await audit.record(event('2'))
    expect(await idsIn(`${file}.1`)).toEqual(['1'])
    expect(await idsIn(file)).toEqual(['2'])
    await rm(file)
    await audit.record(event('3'))
    expect(await idsIn(file)).toEqual(['3'])
    await truncate(file)
    await audit.record(event('4'))
    expect(await idsIn(file)).toEqual(['4'])
  })

  it('finds the new file by itself while records keep coming, and loses none', async () => {
    const { audit, file } = await start({ lookEveryMs: 20 })
    await audit.record(event('0'))
    await rename(file, `${file}.1`)
    let count = 1
    while (!existsSync(file)) await audit.record(event(String(count++)))
    const ids = [...(await idsIn(`${file}.1`)), ...(await idsIn(file))]
    expect(ids).toEqual(Array.from({ length: count }, (_, n) => String(n)))
  })

  it('refuses while the file cannot be opened, says so once, and recovers by itself', async () => {
    const { audit, file, log, counted } = await start()
    await rm(file)
    await mkdir(file)
    await expect(audit.record(event('1'))).rejects.toMatchObject(unavailable)
    await expect(audit.record(event('2'))).rejects.toMatchObject(unavailable)
    await rmdir(file)
    await audit.record(event('3'))
    expect(await idsIn(file)).toEqual(['3'])
    expect(log.lines.map((line) => line.event)).toEqual(['audit.unavailable', 'audit.recovered'])
    expect(counted).toEqual(['failed', 'failed', 'written'])
  })

  it('refuses while the disk is full', async () => {
    const { audit } = await start({ file: '/dev/full' })
    await expect(audit.record(event('1'))).rejects.toMatchObject({
      ...unavailable,
      cause: { code: 'ENOSPC' },
    })
  })

  it('knows before the first record that the disk is full', async () => {
    const { audit } = await start({ file: '/dev/full' })
    await expect(audit.works()).rejects.toMatchObject(unavailable)
  })

  it('works from its first line on, and asking again writes nothing', async () => {
    const { audit, file } = await start()
    await Promise.all([audit.works(), audit.record(event('1'))])
    await audit.works()
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as AuditEvent).eventName).sort()).toEqual([
      'AssumeRole',
      'StartLogging',
    ])
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ eventTime: '2026-01-02T03:04:05Z' })
  })

  it('does not work while it cannot be written, and finds out without a record that it can again', async () => {
    const { audit, file, log } = await start()
    await audit.record(event('1'))
    await audit.works()
    await rename(file, `${file}.1`)
    await symlink('/dev/full', file)
    await expect(audit.record(event('2'))).rejects.toMatchObject(unavailable)
    await expect(audit.works()).rejects.toMatchObject(unavailable)
    await rm(file)
    await audit.works()
    expect(await readFile(file, 'utf8')).toContain('"StartLogging"')
    expect(log.lines.map((line) => line.event)).toEqual(['audit.unavailable', 'audit.recovered'])
  })

  it('notices without a record that the file cannot be opened any more', async () => {
    const { audit, file } = await start()
    await audit.record(event('1'))
    await rm(file)
    await mkdir(file)
    await expect(audit.works()).rejects.toMatchObject(unavailable)
  })

  it('does not start on a path that cannot be written', async () => {
    await expect(start({ file: folder })).rejects.toMatchObject(unavailable)
    await expect(start({ file: join('/dev/null', 'audit.jsonl') })).rejects.toMatchObject(unavailable)
  })

  it('refuses what is no JSON, and everything after it is closed', async () => {
    const { audit, file } = await start()
    await expect(audit.record(event('1', { big: 1n }))).rejects.toMatchObject(unavailable)
    await audit.record(event('2'))
    await audit.close()
    await expect(audit.record(event('3'))).rejects.toMatchObject(unavailable)
    expect(await idsIn(file)).toEqual(['2'])
  })

  it('writes what waits before it closes', async () => {
    const { audit, file } = await start()
    const records = Array.from({ length: 50 }, (_, n) => audit.record(event(`n${n}`)))
    await audit.close()
    await Promise.all(records)
    expect(await idsIn(file)).toHaveLength(50)
  })

  it('survives a limit on the file in the middle of a line, and is whole again afterwards', async () => {
    const child = buildChild(folder, 'audit-limited', {
      entry: 'src/audit/audit-log.ts',
      imports: ['createAuditLog'],
      script: `
        const [file] = process.argv.slice(2)
        process.on('SIGXFSZ', () => {})
        const audit = await createAuditLog({ file, stdout: false, now: () => new Date(), log: quiet, metrics: quiet })
        const outcomes = []
        for (let n = 0; n < 6; n++) {
          outcomes.push(await audit.record({ eventID: String(n), filler: 'x'.repeat(300) }).then(() => 'ok', (e) => e.code))
        }
        console.log(JSON.stringify(outcomes))
        await audit.close()
      `,
    })
    const file = join(folder, `${++serial}.jsonl`)
    const limited = execFileSync('bash', ['-c', `ulimit -f 1; exec "$0" "$@"`, ...child.command, file])
    const outcomes = JSON.parse(limited.toString()) as string[]
    expect(outcomes).toContain('AuditUnavailable')
    const granted = outcomes.flatMap((outcome, n) => (outcome === 'ok' ? [String(n)] : []))
    execFileSync(child.command[0], [...child.command.slice(1), file])
    const whole = (await readFile(file, 'utf8')).split('\n').flatMap((line) => {
      try {
        return [(JSON.parse(line) as AuditEvent).eventID]
      } catch {
        return []
      }
    })
    expect(whole).toEqual([...granted, '0', '1', '2', '3', '4', '5'])
  })

  it('may be shared by several processes without mixing their lines', async () => {
    const child = buildChild(folder, 'audit-shared', {
      entry: 'src/audit/audit-log.ts',
      imports: ['createAuditLog'],
      script: `
        const [file, name] = process.argv.slice(2)
        const audit = await createAuditLog({ file, stdout: false, now: () => new Date(), log: quiet, metrics: quiet })
        for (let round = 0; round < 20; round++) {
          await Promise.all(Array.from({ length: 20 }, (_, n) =>
            audit.record({ eventID: name + '-' + round + '-' + n, filler: 'x'.repeat(2000) })))
        }
        await audit.close()
      `,
    })
    const file = join(folder, `${++serial}.jsonl`)
    const runs = ['a', 'b', 'c'].map(
      (name) =>
        new Promise((resolve) => {
          const [program, ...args] = child.command
          spawn(program, [...args, file, name], { stdio: 'inherit' }).once('exit', resolve)
        }),
    )
    expect(await Promise.all(runs)).toEqual([0, 0, 0])
    expect(new Set(await idsIn(file)).size).toBe(1_200)
  })
})

describe('notes', () => {
  const until = async (done: () => boolean | Promise<boolean>) => {
    while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  it('are written soon by themselves, and in order with records', async () => {
    const { audit, file, counted } = await start()
    audit.note(event('1'))
    await until(async () => (await idsIn(file)).length === 1)
    audit.note(event('2'))
    await audit.record(event('3'))
    expect(await idsIn(file)).toEqual(['1', '2', '3'])
    expect(counted).toEqual(['written', 'written', 'written'])
  })

  it('are not lost by a stop', async () => {
    const { audit, file } = await start()
    for (let n = 0; n < 100; n++) audit.note(event(`n${n}`))
    await audit.close()
    expect(await idsIn(file)).toHaveLength(100)
    expect(() => audit.note(event('late'))).toThrow(expect.objectContaining(unavailable))
  })

  it('are refused once it is known that records are not kept, and bring the service back by themselves', async () => {
    const { audit, file, counted, log } = await start()
    await rm(file)
    await mkdir(file)
    audit.note(event('1'))
    await until(() => counted.length === 1)
    expect(() => audit.note(event('2'))).toThrow(expect.objectContaining(unavailable))
    await until(() => counted.length === 2)
    await rmdir(file)
    expect(() => audit.note(event('3'))).toThrow(expect.objectContaining(unavailable))
    await until(() => counted.length === 3)
    audit.note(event('4'))
    await until(() => counted.length === 4)
    expect(await idsIn(file)).toEqual(['3', '4'])
    expect(counted).toEqual(['failed', 'failed', 'written', 'written'])
    expect(log.lines.map((line) => line.event)).toEqual(['audit.unavailable', 'audit.recovered'])
  })

  it('are refused when too many wait', async () => {
    const { audit, file } = await start({ limits: { deadlineMs: 2_000, maxWaiting: 3 } })
    for (const name of ['1', '2', '3']) audit.note(event(name))
    expect(() => audit.note(event('4'))).toThrow(expect.objectContaining(unavailable))
    await audit.close()
    expect(await idsIn(file)).toEqual(['1', '2', '3'])
  })

  it('are refused when they are no JSON', async () => {
    const { audit, counted } = await start()
    expect(() => audit.note(event('1', { big: 1n }))).toThrow(expect.objectContaining(unavailable))
    expect(counted).toEqual(['failed'])
  })
})

describe('the audit log on standard output', () => {
  /** A pipe with nobody reading until `read` is called. */
  function pipe() {
    const path = join(folder, `pipe-${++serial}`)
    execFileSync('mkfifo', [path])
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
    const read = () => {
      let text = ''
      const buffer = Buffer.alloc(65_536)
      for (;;) {
        try {
          const size = readSync(reader, buffer)
          if (size === 0) return text
          text += buffer.toString('utf8', 0, size)
        } catch {
          return text
        }
      }
    }
    return { writer, read, close: () => [reader, writer].forEach((descriptor) => closeSync(descriptor)) }
  }
  const withoutFile = async (overrides: Partial<AuditLogDeps>) => {
    const counted: string[] = []
    const metrics = { auditRecord: (outcome: string) => void counted.push(outcome) }
    const audit = await createAuditLog({ stdout: true, now, log: keptLog(), metrics, ...overrides })
    opened.push(audit)
    return { audit, counted }
  }

  it('is where records go when no file is configured', async () => {
    const { writer, read, close } = pipe()
    const { audit } = await withoutFile({ stdout: false, descriptor: writer })
    await audit.record(event('1'))
    expect(JSON.parse(read())).toMatchObject({ eventID: '1' })
    close()
  })

  it('refuses within the deadline when nobody reads, holds a bounded number, and recovers when read again', async () => {
    const { writer, read, close } = pipe()
    const limits = { deadlineMs: 200, maxWaiting: 5 }
    const { audit, counted } = await withoutFile({ descriptor: writer, limits })
    const filler = 'x'.repeat(100_000)
    const stuck = Array.from({ length: 20 }, (_, n) => audit.record(event(`n${n}`, { filler })))
    const outcomes = await Promise.allSettled(stuck)
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']))
    await expect(audit.record(event('late'))).rejects.toMatchObject(unavailable)
    expect(() => audit.note(event('late'))).toThrow(expect.objectContaining(unavailable))
    expect(new Set(counted)).toEqual(new Set(['failed']))
    for (;;) {
      const text = read()
      const fine = await audit.record(event('after')).then(
        () => true,
        () => false,
      )
      if (fine) break
      if (text === '') await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect(read()).toMatch(/"eventID":"after"/)
    close()
  })

  it('keeps the service up when the file fails, and the file when it fails itself', async () => {
    const { writer, read, close } = pipe()
    const broken = await start({ file: '/dev/full', stdout: true, descriptor: writer })
    await broken.audit.record(event('1'))
    expect(read()).toMatch(/"eventID":"1"/)
    expect(broken.log.lines).toMatchObject([{ event: 'audit.unavailable', fields: { sink: 'file' } }])
    const silent = await start({ stdout: true, descriptor: 9_999 })
    await silent.audit.record(event('2'))
    await silent.audit.works()
    expect(await idsIn(silent.file)).toEqual(['2'])
    close()
  })
})
