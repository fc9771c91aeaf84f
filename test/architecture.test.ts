/**
 * Which room may know which, and by which file each package comes in. Read from the import lines, so that the picture
 * in the README stays true. A rule that no longer applies to anything fails as well.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from '@jest/globals'

const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * What a room may import from outside itself, besides `fault.ts`, which everybody may. `role` is the whole room,
 * `store/expiring-store` one file, and `type …` means types only: nothing of it runs here.
 */
const rooms: readonly {
  readonly room: string
  readonly uses: readonly string[]
  readonly because: string
}[] = [
  {
    room: 'policy',
    uses: [],
    because: 'the policy language is pure: it could be published alone, and tested without anything else',
  },
  {
    room: 'federation',
    uses: ['policy', 'type store/expiring-store', 'type operation/log'],
    because: 'who somebody is does not depend on what they may become',
  },
  {
    room: 'role',
    uses: [
      'policy',
      'federation/provider-arn',
      'type federation/assertion',
      'type federation/settings',
      'type credentials/credentials',
      'type user/user',
      'audit/build-event',
      'type audit/event',
      'type operation/metrics',
    ],
    because: 'evaluate, issue and record are one path that knows neither HTTP nor a protocol',
  },
  {
    room: 'credentials',
    uses: [
      'role/session',
      'type role/role-session',
      'type policy/context',
      'store/settled-past',
      'type store/feed',
      'type store/feed-follower',
      'type store/record-store',
      'type operation/log',
      'type operation/metrics',
    ],
    because:
      'sealing needs the shape of a session; what replicas must agree on goes through the store’s ports',
  },
  {
    room: 'user',
    uses: [
      'credentials/access-key-id',
      'credentials/purpose-box',
      'type credentials/key-ring-live',
      'type operation/log',
      'type policy/document',
      'type store',
    ],
    because: 'users’ keys and devices are kept sealed; what users may do is decided elsewhere',
  },
  {
    room: 'signature',
    uses: ['type store/expiring-store'],
    because: 'a signature is right or wrong, whoever the key belongs to',
  },
  {
    room: 'authentication',
    uses: [
      'role/caller-subject',
      'signature',
      'type credentials/credentials',
      'type credentials/revocation',
      'type role/caller',
      'type role/role',
      'type role/session',
      'type user/long-term-key',
    ],
    because: 'who signed is one question with one answer for every face',
  },
  {
    room: 'issuer',
    uses: [
      'credentials/purpose-box',
      'role/instant',
      'role/request-context',
      'type credentials/key-ring',
      'type credentials/key-ring-live',
      'type http/wire',
      'type operation/log',
      'type role/caller',
      'type role/role',
      'type store/record-store',
    ],
    because: 'an issuer of tokens knows whom they are about, not who may ask for them',
  },
  {
    room: 'authz',
    uses: [
      'audit/build-event',
      'authentication',
      'credentials/access-key-id',
      'http/client-address',
      'http/request-body',
      'http/request-origin',
      'policy',
      'role',
      'signature',
      'type audit/event',
      'type credentials/revocation-entry',
      'type credentials/revocation-list',
      'type federation/assertion',
      'type http/wire',
      'type operation/log',
    ],
    because: 'a face asks who signed and whether policies allow it, and knows neither pages nor engines',
  },
  {
    room: 'express',
    uses: [
      'audit/audit-log',
      'authentication/known-sessions',
      'authz',
      'config',
      'credentials',
      'role',
      'store',
      'type operation/log',
      'user',
    ],
    because: 'the import for resource servers is a place where objects meet',
  },
  {
    room: 'workers',
    uses: [
      'app',
      'config/live-config',
      'config/problem-line',
      'operation',
      'type config/config',
      'type portal/portal-deps',
    ],
    because: 'processes know what they run, not what it does',
  },
  {
    room: 'session',
    uses: [
      'type store/expiring-store',
      'type federation/assertion',
      'type policy/context',
      'type credentials/revocation',
    ],
    because: 'what a browser remembers does not depend on how somebody signed in',
  },
  {
    room: 'store',
    uses: ['type config/config', 'type operation/log'],
    because: 'an engine knows the port and its own settings, never whose data it keeps',
  },
  {
    room: 'audit',
    uses: [
      'role/caller',
      'role/instant',
      'role/role-session',
      'type role/session',
      'type federation/assertion',
      'type operation/log',
      'type operation/metrics',
      'operation/standard-stream',
    ],
    because: 'a record knows whom it is about, not who asked for it',
  },
  { room: 'operation', uses: ['type http/wire'], because: 'logs, metrics and health know no business' },
  {
    room: 'http',
    uses: ['type audit/event', 'type operation/log', 'type operation/metrics'],
    because: 'the server carries bytes to rooms that it does not know',
  },
  {
    room: 'config',
    uses: [
      'policy',
      'federation/provider-arn',
      'type federation/settings',
      'role/managed-policies',
      'type role/managed-policy',
      'type role/role',
      'type user/user',
      'type authz/protected-service',
      'type operation/log',
      'type operation/metrics',
    ],
    because: 'files become values; what is done with the values is decided elsewhere',
  },
  {
    room: 'sts',
    uses: [
      'role',
      'authentication',
      'signature',
      'issuer/claims',
      'issuer/token-algorithm',
      'type issuer/token-issuer',
      'policy/explain',
      'type policy/context',
      'federation/provider-arn',
      'type federation/assertion',
      'credentials/access-key-id',
      'type credentials/credentials',
      'type user/mfa-device',
      'type user/user',
      'audit/build-event',
      'type audit/event',
      'type http/wire',
      'type operation/log',
      'type operation/metrics',
    ],
    because: 'a face calls the one path to a role; it knows no page, no protocol package and no engine',
  },
  {
    room: 'sso',
    uses: [
      'role',
      'session/assertion-codec',
      'type federation/assertion',
      'type credentials/purpose-box',
      'type credentials/revocation',
      'type store/expiring-store',
      'audit/build-event',
      'type audit/event',
      'type http/wire',
      'type operation/log',
    ],
    because: 'a face calls the one path to a role; what it keeps goes through the port',
  },
  {
    room: 'portal',
    uses: [
      'role',
      'session',
      'type federation/assertion',
      'type sso/grants',
      'type credentials/revocation-entry',
      'type credentials/revocation-list',
      'type user/own-devices',
      'type user/user',
      'type http/wire',
      'audit/build-event',
      'type audit/event',
      'type operation/log',
      'type operation/metrics',
    ],
    because: 'pages know that somebody signed in, not by which protocol, and never issue by themselves',
  },
  {
    room: 'cli',
    uses: [
      'policy',
      'config',
      'main',
      'role',
      'audit',
      'authz',
      'credentials',
      'issuer/open-issuer',
      'signature/sign',
      'store/open-store',
      'type store/store',
      'user',
      'federation/provider-arn',
      'federation/local/password-hash',
      'federation/local/users-file',
      'type federation/assertion',
      'type federation/settings',
    ],
    because:
      'the command is a client of the HTTP interface; what runs beside the server works on its files and its store',
  },
  {
    room: 'demo',
    uses: [
      'config/certificates',
      'config/self-signed-certificate',
      'federation/ldap/dn',
      'federation/ldap/load-entries',
      'federation/local/password-hash',
      'federation/local/users-file',
      'type portal/portal-deps',
      'type operation/log',
    ],
    because:
      'the demo brings identity providers of other people’s making, which the product meets from outside',
  },
  {
    room: 'main',
    uses: ['config', 'demo', 'operation', 'workers'],
    because: 'start and stop know no business',
  },
  {
    room: 'app',
    uses: [
      ...[
        'audit',
        'authentication',
        'authz',
        'config',
        'credentials',
        'federation',
        'http',
        'issuer',
        'operation',
        'portal',
        'role',
        'session',
        'sso',
      ],
      ...['signature', 'store', 'sts', 'user'],
    ],
    because: 'the one place where objects meet',
  },
]

/** The only files that import a package, and whether it is loaded when it is first needed. */
const doors: Readonly<Record<string, { readonly files: readonly RegExp[]; readonly lazy?: true }>> = {
  '@xmldom/xmldom': { files: [/^federation\/saml\//] },
  argon2: { files: [/^federation\/local\/password-hash\.ts$/], lazy: true },
  commander: { files: [/^cli\//] },
  express: { files: [/^app\.ts$/, /^portal\/[\w-]+\.ts$/] },
  'fastest-levenshtein': { files: [/^config\/nearest-name\.ts$/] },
  helmet: { files: [/^portal\/headers\.ts$/] },
  jose: { files: [/^federation\/oidc\/signature\.ts$/, /^issuer\/token-signature\.ts$/] },
  ldapts: { files: [/^federation\/ldap\//] },
  'libxml2-wasm': { files: [/^federation\/saml\/schema\.ts$/], lazy: true },
  lmdb: { files: [/^store\/embedded-store\.ts$/], lazy: true },
  'oidc-provider': { files: [/^demo\/oidc-provider\.ts$/], lazy: true },
  'openid-client': { files: [/^federation\/oidc\/code-exchange\.ts$/], lazy: true },
  otpauth: { files: [/^user\/totp\.ts$/] },
  pino: { files: [/^operation\/pino-log\.ts$/] },
  preact: { files: [/^portal\/(answer\.ts|pages\/)/] },
  'preact-render-to-string': { files: [/^portal\/answer\.ts$/] },
  'prom-client': { files: [/^operation\/prometheus-metrics\.ts$/] },
  qr: { files: [/^user\/qr-code\.ts$/] },
  redis: { files: [/^store\/redis-connection\.ts$/], lazy: true },
  samlify: { files: [/^federation\/saml\//], lazy: true },
  yaml: { files: [/^config\//] },
  zod: { files: [/^config\//] },
}

interface Import {
  /** Within `src`, with its ending. */
  readonly from: string
  /** Within `src` without its ending, or a package's name, or `node:…`. */
  readonly to: string
  readonly own: boolean
  readonly typeOnly: boolean
  readonly lazy: boolean
}

const sources = join(root, 'src')
const files = readdirSync(sources, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
  .map((entry) => relative(sources, join(entry.parentPath, entry.name)))
  .toSorted()
const textOf = (file: string) => readFileSync(join(sources, file), 'utf8')
const imports = files.flatMap((file) => importsOf(file, textOf(file)))

function importsOf(from: string, text: string): readonly Import[] {
  const code = text.replace(/^\s*(\/\*[\s\S]*?\*\/|\/\/.*)$/gm, '')
  const found: Import[] = []
  const add = (specifier: string, typeOnly: boolean, lazy: boolean) => {
    const own = specifier.startsWith('.')
    const path = posix.join(dirname(from), specifier).replace(/\.js$/, '')
    const name = specifier.startsWith('@')
      ? specifier.split('/').slice(0, 2).join('/')
      : specifier.split('/')[0]
    found.push({ from, to: own ? path : (name ?? ''), own, typeOnly, lazy })
  }
  for (const [, type, names, specifier = ''] of code.matchAll(
    /^(?:import|export)( type)?\b([^;'"]*?)\bfrom '([^']+)'/gm,
  )) {
    const named = /^\s*\{([\s\S]*)\}\s*$/
      .exec(names ?? '')?.[1]
      ?.split(',')
      .map((one) => one.trim())
    const onlyTypes = named?.filter(Boolean).every((one) => one.startsWith('type ')) ?? false
    add(specifier, type !== undefined || onlyTypes, false)
  }
  for (const [, specifier = ''] of code.matchAll(/^import '([^']+)'/gm)) add(specifier, false, false)
  for (const [, before, specifier = '', after] of code.matchAll(
    /(typeof )?\bimport\(\s*'([^']+)'\s*\)(\.[A-Z])?/g,
  )) {
    add(specifier, before !== undefined || after !== undefined, true)
  }
  return found
}

/** `portal/pages/forms.tsx` → `portal`; `main.ts` → `main`. */
const roomOf = (file: string) => (file.split('/')[0] ?? '').replace(/\.tsx?$/, '')

describe('what the rules look at', () => {
  it('is there: files, imports of ours, and imports of packages', () => {
    expect(files.length).toBeGreaterThan(200)
    expect(imports.filter(({ own }) => own).length).toBeGreaterThan(800)
    expect(imports.filter(({ lazy, typeOnly }) => lazy && !typeOnly).length).toBeGreaterThan(8)
    const unknown = imports.filter(
      ({ own, to }) => own && !files.some((file) => file.replace(/\.tsx?$/, '') === to),
    )
    expect(unknown).toEqual([])
  })

  it('has a rule for every room, and a room for every rule', () => {
    const known = rooms.map(({ room }) => room).toSorted()
    const present = [...new Set(files.map(roomOf))].filter((room) => room !== 'fault').toSorted()
    expect(present).toEqual(known)
  })
})

describe.each(rooms)('$room imports only what it may, for $because', ({ room, uses }) => {
  const outgoing = imports.filter(({ own, from, to }) => own && roomOf(from) === room && roomOf(to) !== room)
  const covers = (rule: string, { to, typeOnly }: Import) => {
    const target = rule.replace(/^type /, '')
    return (!rule.startsWith('type ') || typeOnly) && (to === target || to.startsWith(`${target}/`))
  }

  it('and nothing else', () => {
    const forbidden = outgoing.filter((one) => one.to !== 'fault' && !uses.some((rule) => covers(rule, one)))
    expect(forbidden.map(({ from, to, typeOnly }) => `${from} → ${typeOnly ? 'type ' : ''}${to}`)).toEqual([])
  })

  if (uses.length > 0) {
    it('and all of that', () => {
      expect(uses.filter((rule) => !outgoing.some((one) => covers(rule, one)))).toEqual([])
    })
  }
})

describe('fault.ts', () => {
  it('imports nothing, because everybody imports it', () => {
    expect(imports.filter(({ from }) => from === 'fault.ts')).toEqual([])
  })
})

describe('files', () => {
  it('do not need each other in a circle, because then neither can be understood first', () => {
    const needs = new Map<string, string[]>()
    for (const { from, to, own, typeOnly, lazy } of imports) {
      if (own && !typeOnly && !lazy) needs.set(stem(from), [...(needs.get(stem(from)) ?? []), to])
    }
    const settled = new Set<string>()
    const circles: string[] = []
    const walk = (file: string, path: readonly string[]) => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' → '))
      if (path.includes(file) || settled.has(file)) return
      for (const next of needs.get(file) ?? []) walk(next, [...path, file])
      settled.add(file)
    }
    for (const file of needs.keys()) walk(file, [])
    expect(circles).toEqual([])
  })

  it('are named for what they hold: no drawer for everything, no file that only passes others on', () => {
    const drawers = /(^|\/)(index|utils?|helpers?|common|misc|types|shared|lib)(\.tsx?$|\/)/
    expect(files.filter((file) => drawers.test(file))).toEqual([])
    expect(files.filter((file) => /^export (\*|default)/m.test(textOf(file)))).toEqual([])
  })

  it('read the environment of the process in the command only, and are given it everywhere else', () => {
    const readers = files.filter((file) => /\bprocess\.env\b/.test(textOf(file)))
    // A server that the demo starts is found by the PATH that the demo was started with.
    expect(readers).toEqual(['cli/main.ts', 'demo/directory.ts'])
  })
})

describe('the policy room', () => {
  it('looks at no clock, no file and no network: the same question has the same answer', () => {
    const policy = files.filter((file) => roomOf(file) === 'policy')
    const impure =
      /\bDate\.now\b|new Date\(\)|Math\.random|\bprocess\.|\bfetch\(|\bset(Timeout|Interval)\b|\bconsole\./
    expect(policy.filter((file) => impure.test(textOf(file)))).toEqual([])
    const outside = imports.filter(({ from, own }) => roomOf(from) === 'policy' && !own)
    expect(outside.map(({ to }) => to)).toEqual([])
  })
})

describe.each(Object.entries(doors))('the package %s', (name, door) => {
  const users = imports.filter(({ to, own }) => !own && to === name)

  it('comes in by its door only, so that replacing it is work in one place', () => {
    expect(users.length).toBeGreaterThan(0)
    const elsewhere = users.filter(({ from }) => !door.files.some((file) => file.test(from)))
    expect(elsewhere.map(({ from }) => from)).toEqual([])
  })

  if (door.lazy === true) {
    it('is loaded when it is first needed, because it is heavy and not everybody needs it', () => {
      const eager = users.filter(({ typeOnly, lazy }) => !typeOnly && !lazy)
      expect(eager.map(({ from }) => from)).toEqual([])
    })
  }
})

describe('packages', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>
  }

  it('each have a door', () => {
    const imported = imports.filter(({ own, to }) => !own && !to.startsWith('node:')).map(({ to }) => to)
    expect([...new Set(imported)].filter((name) => !(name in doors))).toEqual([])
  })

  it('are all used, and pinned to one version', () => {
    for (const [name, version] of Object.entries(manifest.dependencies)) {
      expect(name in doors).toBe(true)
      expect(version).toMatch(/^\d+\.\d+\.\d+$/)
    }
  })

  it('that come with an installation are enough, except for what only the demo loads', () => {
    const missing = Object.keys(doors).filter((name) => !(name in manifest.dependencies))
    expect(missing).toEqual(['oidc-provider'])
  })
})

function stem(file: string): string {
  return file.replace(/\.tsx?$/, '')
}
