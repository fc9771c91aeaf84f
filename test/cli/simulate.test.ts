/** `rolegate simulate`: its answers by the functions behind it, and as a process of the built command. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from '@jest/globals'
import { linesOf, type Line } from '../../src/cli/simulation/line-stream.js'
import { createPolicyMemory } from '../../src/cli/simulation/policy-memory.js'
import { caseFields } from '../../src/cli/simulation/simulation-case.js'
import { simulateCases } from '../../src/cli/simulation/simulate-cases.js'
import { main } from '../../src/cli/main.js'
import { configFolder, temporaryDirectory } from '../support/config-folder.js'
import { command, repository } from '../support/product.js'

interface Table {
  readonly base: object
  readonly policies: Readonly<Record<string, object>>
  readonly rows: readonly { readonly name: string; readonly case: object; readonly decision: string }[]
  readonly unjudgeable: readonly {
    readonly name: string
    readonly line?: string
    readonly case?: object
    readonly code: string
    readonly path: string
    readonly message?: string
    readonly named?: boolean
  }[]
}

const { base, policies, rows, unjudgeable } = JSON.parse(
  readFileSync(new URL('simulate-cases.json', import.meta.url), 'utf8'),
) as Table

const policyFields = new Set([
  'identityPolicies',
  'resourcePolicy',
  'boundary',
  'sessionPolicies',
  'scps',
  'rcps',
])

/** A case as the table writes it → a line: names of policies replaced, and a null leaves out what the base says. */
function lineOf(name: string, written: object): string {
  const named = (value: unknown): unknown =>
    typeof value === 'string' ? (policies[value] ?? value) : Array.isArray(value) ? value.map(named) : value
  const entries = Object.entries({ name, ...base, ...written })
  return JSON.stringify(
    Object.fromEntries(
      entries
        .filter(([field, value]) => !(field === 'resourceAccount' && value === null))
        .map(([field, value]) => [field, policyFields.has(field) ? named(value) : value]),
    ),
  )
}

async function* chunksOf(text: string | Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

interface Answer {
  readonly name: string | null
  readonly decision?: string
  readonly reasons?: { readonly matched: readonly object[]; readonly text: readonly string[] }
  readonly error?: { readonly code: string; readonly message: string; readonly path: string }
}

async function answersTo(text: string, explain = false): Promise<readonly Answer[]> {
  let output = ''
  const write = (piece: string) => Promise.resolve(((output += piece), true))
  await simulateCases(chunksOf(text), { write }, { explain })
  return output === ''
    ? []
    : output
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Answer)
}

const everything = rows.map((row) => lineOf(row.name, row.case)).join('\n')

describe('a case', () => {
  it.each(rows)('$name', async (row) => {
    expect(await answersTo(lineOf(row.name, row.case))).toEqual([{ name: row.name, decision: row.decision }])
  })

  it('has the same decision when it is explained', async () => {
    const explained = await answersTo(everything, true)
    expect(explained.map(({ name, decision }) => ({ name, decision }))).toEqual(
      rows.map(({ name, decision }) => ({ name, decision })),
    )
    for (const { reasons, decision } of explained) {
      expect(reasons?.text.length).toBeGreaterThan(0)
      if (decision === 'explicitDeny') expect(reasons?.matched.length).toBeGreaterThan(0)
    }
  })

  it('may hold a policy as text, and characters that JSON need not escape', async () => {
    const policy = {
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Action: '*', Resource: 'arn:aws:s3:::bucket/日本*' },
    }
    const ann = { principal: 'arn:aws:iam::111122223333:user/ann', resource: 'arn:aws:s3:::bucket/日本語' }
    const escaped = JSON.stringify(policy).replace(
      /[日本]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16)}`,
    )
    const lines = [
      lineOf('object', { ...ann, identityPolicies: [policy] }),
      lineOf('text', { ...ann, identityPolicies: [escaped] }),
      lineOf('unescaped text', { ...ann, identityPolicies: [JSON.stringify(policy)] }),
    ]
    expect((await answersTo(lines.join('\n'))).map(({ decision, error }) => decision ?? error?.code)).toEqual(
      ['allowed', 'allowed', 'INVALID_CHARACTER'],
    )
  })

  it('compares bare numbers in policies as they are written', async () => {
    const condition = '"Condition":{"StringEquals":{"a:b":12345678901234567890}}'
    const policy = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*",${condition}}}`
    const line = `{"name":"n","principal":"arn:aws:iam::111122223333:user/ann","action":"a:b","resource":"*","context":{"a:b":"12345678901234567890"},"identityPolicies":[${policy}]}`
    expect(await answersTo(line)).toEqual([{ name: 'n', decision: 'allowed' }])
  })
})

describe('a line that cannot be judged', () => {
  it.each(unjudgeable)('$name', async ({ name, line, case: written, code, path, message, named }) => {
    const judged = lineOf('after', rows[0]!.case)
    const [answer, next] = await answersTo(`${line ?? lineOf(name, written ?? {})}\n${judged}`)
    const expected = named === false ? null : line === undefined ? name : 'x'
    expect(answer).toEqual({
      name: expected,
      error: { code, path, message: expect.stringContaining(message ?? '') as unknown },
    })
    expect(next).toEqual({ name: 'after', decision: 'allowed' })
  })

  it('is said in its place, between empty lines and strange line ends', async () => {
    const good = lineOf('good', rows[0]!.case)
    const answers = await answersTo(`\uFEFF${good}\r\n\n{\n  \n${good}\n${'['.repeat(100_000)}\n${good}`)
    expect(answers.map(({ decision, error }) => decision ?? error?.code)).toEqual([
      'allowed',
      'JSON_SYNTAX_ERROR',
      'allowed',
      'JSON_SYNTAX_ERROR',
      'allowed',
    ])
  })
})

describe('the lines of a stream', () => {
  const collect = async (bytes: Uint8Array, size: number, max?: number): Promise<readonly Line[]> => {
    const lines: Line[] = []
    for await (const some of linesOf(chunksOf(bytes, size), max)) lines.push(...some)
    return lines
  }

  it.each([1, 2, 3, 7, 1000])('are the same in chunks of %i bytes', async (size) => {
    const bytes = Buffer.concat([
      Buffer.from('a\né\u2028日\r\n\n'),
      Buffer.from([0xff, 0x0a]),
      Buffer.from('end'),
    ])
    expect(await collect(bytes, size)).toEqual([
      { text: 'a' },
      { text: 'é\u2028日\r' },
      { code: 'INVALID_ENCODING', reason: 'is not UTF-8 text' },
      { text: 'end' },
    ])
  })

  it.each([1, 4, 1000])('may not be too long, in chunks of %i bytes', async (size) => {
    const lines = await collect(Buffer.from(`12345\n123456\n1234567890\nab`), size, 5)
    expect(lines.map((line) => ('text' in line ? line.text : line.code))).toEqual([
      '12345',
      'LINE_TOO_LONG',
      'LINE_TOO_LONG',
      'ab',
    ])
  })
})

describe('the memory of policies', () => {
  it('makes a value once while there is room, and holds no more than two generations', () => {
    const memory = createPolicyMemory<{ readonly text: string }>(100)
    let made = 0
    const recall = (text: string) => memory.recall('k', text, (own) => ((made += 1), { text: own }))
    expect(recall('a')).toBe(recall('a'))
    expect(made).toBe(1)
    for (let i = 0; i < 50; i += 1) recall(`policy ${i}`)
    const before = made
    recall('policy 49')
    expect(made).toBe(before)
    expect(recall('a')).toEqual({ text: 'a' })
    expect(made).toBe(before + 1)
    recall('x'.repeat(200))
    expect(recall('x'.repeat(200)).text).toHaveLength(200)
  })
})

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

function rolegate(parameters: readonly string[], input = ''): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [command, 'simulate', ...parameters],
      { maxBuffer: 64 * 1024 * 1024 },
      (_, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    )
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

/** The same command without a process; only `--cases` writes past the terminal. */
async function inProcess(parameters: readonly string[]): Promise<Ended> {
  const ended = { stdout: '', stderr: '' }
  const code = await main(['simulate', ...parameters], {
    out: (text) => void (ended.stdout += text),
    err: (text) => void (ended.stderr += `${text}\n`),
    environment: {},
    home: '/',
    now: () => new Date('2026-01-02T03:04:05Z'),
    fetch,
    openBrowser: () => Promise.resolve(false),
    wait: () => Promise.resolve(),
  })
  return { code, ...ended }
}

const started: ChildProcess[] = []

afterAll(() => {
  for (const child of started) child.kill('SIGKILL')
})

function start(program: string, parameters: readonly string[]) {
  const child = spawn(program, parameters)
  started.push(child)
  // A process that ends early shows in what it said and how it ended.
  child.stdin.on('error', () => undefined)
  return child
}

const decisionsIn = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer)

describe('rolegate simulate --cases', () => {
  it('answers standard input and a file alike', async () => {
    const file = join(await temporaryDirectory(), 'cases.jsonl')
    await writeFile(file, everything)
    const expected = rows.map(({ name, decision }) => ({ name, decision }))
    const [piped, read] = await Promise.all([
      rolegate(['--cases', '-'], everything),
      rolegate(['--cases', file]),
    ])
    for (const { code, stdout, stderr } of [piped, read]) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(decisionsIn(stdout)).toEqual(expected)
    }
  })

  it('answers before the next case is written', async () => {
    const child = start(process.execPath, [command, 'simulate', '--cases', '-'])
    for (const row of rows.slice(0, 2)) {
      const answered = once(child.stdout, 'data') as Promise<[Buffer]>
      child.stdin.write(`${lineOf(row.name, row.case)}\n`)
      expect(JSON.parse((await answered)[0].toString())).toEqual({ name: row.name, decision: row.decision })
    }
    const ended = once(child, 'exit')
    child.stdin.end()
    expect(await ended).toEqual([0, null])
  })

  it('streams 50,000 cases, half with policies of their own, in 64 megabytes', async () => {
    const child = start(process.execPath, ['--max-old-space-size=64', command, 'simulate', '--cases', '-'])
    let bytes = ''
    let answers = 0
    let wrong = 0
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (bytes + chunk.toString()).split('\n')
      bytes = lines.pop() ?? ''
      for (const line of lines) {
        if (line !== `{"name":"c${answers}","decision":"allowed"}`) wrong += 1
        answers += 1
      }
    })
    const padding = 'x'.repeat(2000)
    const ended = once(child, 'exit')
    for (let i = 0; i < 50_000; i += 1) {
      const own = i % 2 === 0 ? `own${i}` : 'shared'
      const statement = {
        Sid: own,
        Effect: 'Allow',
        Action: 's3:*',
        Resource: ['*', `arn:aws:s3:::${own}/${padding}`],
      }
      const line = lineOf(`c${i}`, {
        principal: 'arn:aws:iam::111122223333:user/ann',
        identityPolicies: [{ Version: '2012-10-17', Statement: statement }],
      })
      if (!child.stdin.write(`${line}\n`)) await once(child.stdin, 'drain')
    }
    child.stdin.end()
    expect(await ended).toEqual([0, null])
    expect({ answers, wrong }).toEqual({ answers: 50_000, wrong: 0 })
  }, 120_000)

  it('stops quietly when nobody reads any more', async () => {
    const child = start('sh', ['-c', `"${process.execPath}" "${command}" simulate --cases - | head -n 1`])
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.stdin.end(`${everything}\n`.repeat(300))
    await once(child, 'exit')
    expect(stderr).toBe('')
  })

  it.each([
    [['--cases', '/does/not/exist'], 1, 'does not exist'],
    [['--cases', repository], 1, 'is a folder'],
    [[], 2, 'either --cases or --as'],
    [['--cases', '-', '--as', 'x'], 2, 'either --cases or --as'],
    [['--cases', '-', '--json'], 2, '--json does not go with --cases'],
    [['--as', 'x', '--explain'], 2, '--explain does not go with --as'],
  ])('refuses %j', async (parameters, code, words) => {
    const ended = await inProcess(parameters)
    expect(ended.code).toBe(code)
    expect(ended.stderr).toContain(words)
    expect(ended.stdout).toBe('')
  })
})

describe('rolegate simulate --as', () => {
  const config = join(repository, 'config')
  const identity = async (text: string, name = 'identity.yaml') => {
    const file = join(await temporaryDirectory(), name)
    await writeFile(file, text)
    return file
  }
  const ada = [
    'provider: demo-saml',
    'kind: saml',
    'username: ada',
    'groups: [developers]',
    'attributes: { department: Finance }',
  ].join('\n')
  const role = (account: string, path: string) => `arn:aws:iam::${account}:role/${path}`

  it('lists the roles that a configuration gives, and the nearest miss of the others', async () => {
    const { code, stdout, stderr } = await rolegate(['--config', config, '--as', await identity(ada)])
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'Supposing that a provider `demo-saml` were enabled: the server would refuse it.\n',
    })
    expect(stdout).toContain(`yes  ${role('012345678901', 'FinanceViewer')}\n`)
    expect(stdout).toContain(`no   ${role('111122223333', 'PlatformAdmin')} (sts:AssumeRoleWithSAML)\n`)
    expect(stdout).toContain(
      'condition `ForAnyValue:StringEquals saml:groups` wants one of `platform-admins`; the request has `developers`',
    )
  })

  it.each([
    ['demo-saml', 'saml', ''],
    ['demo-oidc', 'oidc', 'http://127.0.0.1:8081'],
    ['demo-ldap', 'ldap', ''],
    ['local', 'local', ''],
  ])('gives an identity of %s its keys', async (provider, kind, issuer) => {
    const written = { provider, kind, username: 'ada', groups: ['developers'], ...(issuer && { issuer }) }
    const file = await identity(JSON.stringify(written), 'identity.json')
    const { stdout } = await inProcess(['--config', config, '--as', file, '--json'])
    const { roles } = JSON.parse(stdout) as {
      roles: readonly { readonly arn: string; readonly allowed: boolean }[]
    }
    const allowed = roles.filter((known) => known.allowed).map(({ arn }) => arn)
    expect(allowed).toContain(role('777788889999', 'teams/Developer'))
    expect(allowed).toContain(role('012345678901', 'CustomerData'))
    expect(allowed).not.toContain(role('012345678901', 'FinanceViewer'))
  })

  it('explains one role in full, and its exit code is the answer', async () => {
    const file = await identity(ada)
    const customerData = role('012345678901', 'CustomerData')
    const yes = await inProcess(['--config', config, '--as', file, '--role', customerData])
    expect(yes.code).toBe(0)
    expect(yes.stdout).toContain('Allow `Saml`')
    const contractor = await identity(ada.replace('[developers]', '[developers, contractors]'))
    const no = await inProcess(['--config', config, '--as', contractor, '--role', customerData])
    expect(no.code).toBe(4)
    expect(no.stdout).toContain('denied explicitly by Deny `NoSaml`')
  })

  it('gives nothing to an issuer that no enabled provider has, as the server does', async () => {
    const directory = await configFolder({
      'organization.yaml': "id: o-abcdefghij\nname: X\naccounts: [{ id: '111122223333', name: Home }]\n",
      'providers.yaml':
        'providers: [{ kind: oidc, name: login, issuer: "https://login.example.com", audiences: [app] }]\n',
      'roles.yaml': [
        'roles:',
        "  - account: '111122223333'",
        '    name: App',
        '    trustPolicy:',
        "      Version: '2012-10-17'",
        '      Statement:',
        '        Effect: Allow',
        "        Principal: { AWS: '*' }",
        '        Action: sts:AssumeRoleWithWebIdentity',
      ],
    })
    const from = async (issuer: string) => {
      const file = await identity(`provider: login\nusername: ada\nissuer: ${issuer}\n`)
      return inProcess(['--config', directory, '--as', file])
    }
    const known = await from('https://login.example.com')
    expect(known).toMatchObject({
      stderr: '',
      stdout: expect.stringContaining('may assume 1 of 1') as unknown,
    })
    const other = await from('https://evil.example.com')
    expect(other.stdout).toContain('may assume 0 of 1')
    expect(other.stdout).toContain('no provider with this ARN is enabled, so nobody may come from it')
  })

  it('minds the roles that a provider lists itself', async () => {
    const listed = `${ada}\nroles: [${role('012345678901', 'FinanceViewer')}]`
    const { stdout } = await inProcess(['--config', config, '--as', await identity(listed)])
    expect(stdout).toContain('may assume 1 of ')
    expect(stdout).toContain('the provider lists the roles itself, and this one is not among them')
  })

  it('needs the second authorisation when there are tags', async () => {
    const tagged = `${ada}\ntags: { team: a }\n`
    const target = role('012345678901', 'FinanceViewer')
    const { code } = await inProcess(['--config', config, '--as', await identity(tagged), '--role', target])
    expect(code).toBe(0)
  })

  it.each([
    [
      'an unknown field',
      'provider: local\nusername: ada\ngroup: [x]',
      1,
      ':3: group: is not a known field; did you mean `groups`?',
    ],
    [
      'a key of another namespace',
      "provider: local\nusername: a\nconditionKeys: { 'aws:SourceIp': '::1' }",
      1,
      'no provider speaks for',
    ],
    ['no file', undefined, 1, 'does not exist'],
    ['a provider that is off', 'provider: demo-saml\nusername: ada', 2, 'no provider `demo-saml` is enabled'],
    ['a kind that is another', 'provider: local\nkind: saml\nusername: ada', 2, 'is of kind `local`'],
    [
      'two tags that are one',
      'provider: local\nusername: ada\ntransitiveTagKeys: [x]',
      1,
      'transitive tag key',
    ],
  ])('refuses %s', async (_, text, code, words) => {
    const file = text === undefined ? '/does/not/exist.yaml' : await identity(text)
    const ended = await inProcess(['--config', config, '--as', file])
    expect(ended.stderr).toContain(words)
    expect(ended.code).toBe(code)
    expect(ended.stdout).toBe('')
  })

  it('refuses a role that is not declared, and a configuration with problems', async () => {
    const file = await identity(ada)
    const unknown = await inProcess([
      '--config',
      config,
      '--as',
      file,
      '--role',
      role('012345678901', 'FinanceViewr'),
    ])
    expect(unknown.code).toBe(2)
    expect(unknown.stderr).toContain('did you mean `arn:aws:iam::012345678901:role/FinanceViewer`?')
    const broken = await inProcess(['--config', await temporaryDirectory(), '--as', file])
    expect(broken.code).toBe(1)
    expect(broken.stderr).toContain('organization.yaml: is missing')
  })
})

describe('the manual', () => {
  const manual = readFileSync(join(repository, 'docs', 'simulate.md'), 'utf8')

  it('shows the answers that its cases get', async () => {
    const [, cases = ''] = /<<'EOF'\n([\s\S]*?)EOF/.exec(manual) ?? []
    const [, shown = ''] = /```json\n([\s\S]*?)```/.exec(manual) ?? []
    const { stdout } = await rolegate(['--cases', '-'], cases)
    expect(stdout).toBe(shown)
    const [, write] = await answersTo(cases, true)
    const [, text = ''] = /```text\n([\s\S]*?)\n```/.exec(manual) ?? []
    expect(write?.reasons?.text.join('\n')).toBe(text)
  })

  it('shows how a role is passed', async () => {
    const blocks = [...manual.matchAll(/```json\n([\s\S]*?)```/g)]
    const answers = await answersTo(blocks[1]?.[1] ?? '')
    expect(answers.map(({ name, decision }) => [name, decision])).toEqual([
      ['hand over', 'allowed'],
      ['use', 'allowed'],
    ])
  })

  it('names every field', () => {
    for (const field of caseFields) expect(manual).toContain(`\`${field}\``)
  })

  it('has an identity that works', async () => {
    const [, identity = ''] = /```yaml\n([\s\S]*?)```/.exec(manual) ?? []
    const file = join(await temporaryDirectory(), 'identity.yaml')
    await writeFile(file, identity)
    const { stdout } = await inProcess(['--config', join(repository, 'config'), '--as', file])
    expect(stdout).toContain('`ada` of `demo-saml` may assume ')
  })
})
