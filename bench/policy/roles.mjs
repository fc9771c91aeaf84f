/** Roles of one identity among many: the time that an answer takes, and what the index takes to build and to keep. */
import { compilePolicy } from '../../dist/policy/document.js'
import { createConfigDirectory } from '../../dist/role/config-directory.js'
import { createRoleBroker } from '../../dist/role/role-broker.js'
import { cpuSeconds, grouped, heapBytes, median, print, row } from './rates.mjs'

/** Each account has roles for teams, for people and for repositories; a person is in so many teams. */
const teamsOfPerson = 12

export function rolesOfIdentity(sizes) {
  print('Roles of one identity: sign-in by SAML, evaluation of every candidate included')
  print(
    row(
      '',
      'compiled in',
      'indexed in',
      'heap',
      'bytes/role',
      'candidates',
      'roles',
      'answer, ms',
      'p99, ms',
    ),
  )
  for (const [count, accounts] of sizes) print(measure(count, accounts))
  print()
}

function measure(count, accounts) {
  const sources = Array.from({ length: count }, (_, i) => roleSource(i, accounts, count))
  const before = heapBytes()
  const start = cpuSeconds()
  const roles = sources.map(({ text, ...role }) => ({ ...role, trustPolicy: compiledTrust(text, role.arn) }))
  const compiledAt = cpuSeconds()
  const compiledHeap = heapBytes()
  const directory = createConfigDirectory({ organization: organization(accounts), roles, providers })
  const indexedAt = cpuSeconds()
  const indexedHeap = heapBytes()
  const broker = createRoleBroker({ directory: () => directory, now: () => new Date(1_767_225_600_000) })
  const assertions = Array.from({ length: 400 }, (_, i) => person(i * 13, count))
  const full = fullScan(broker, directory, roles, assertions[3])
  const answered = broker.rolesFor(assertions[3], origin).map(({ arn }) => arn)
  if (full.join() !== answered.join()) throw new Error('the index and the full scan differ')
  for (const assertion of assertions.slice(0, 100)) broker.rolesFor(assertion, origin)
  const times = []
  let answers = 0
  for (const assertion of assertions) {
    const from = performance.now()
    answers += broker.rolesFor(assertion, origin).length
    times.push(performance.now() - from)
  }
  const sorted = times.toSorted((one, other) => one - other)
  const candidates = median(assertions.map((assertion) => [...directory.candidates(assertion)].length))
  return row(
    `${grouped(count)} roles in ${grouped(accounts)} accounts`,
    `${(compiledAt - start).toFixed(2)} s`,
    `${(indexedAt - compiledAt).toFixed(2)} s`,
    `${((indexedHeap - before) / 1e6).toFixed(0)} MB`,
    `${((compiledHeap - before) / count).toFixed(0)}+${((indexedHeap - compiledHeap) / count).toFixed(0)}`,
    candidates,
    (answers / assertions.length).toFixed(0),
    median(times).toFixed(2),
    sorted[Math.floor(sorted.length * 0.99)].toFixed(2),
  )
}

function fullScan(broker, directory, roles, assertion) {
  const everyRole = { ...directory, candidates: () => roles }
  return createRoleBroker({ directory: () => everyRole, now: () => new Date(1_767_225_600_000) })
    .rolesFor(assertion, origin)
    .map(({ arn }) => arn)
}

function roleSource(i, accounts, count) {
  const account = accountId(i % accounts)
  const name = `Role${i}`
  const arn = `arn:aws:iam::${account}:role/${name}`
  const wanted =
    i % 10 === 9
      ? { 'ForAnyValue:StringLike': { 'saml:groups': `project-${i % 997}-*` } }
      : i % 10 === 8
        ? { StringEquals: { 'saml:sub': `person-${i % 20_000}` } }
        : {
            'ForAnyValue:StringEquals': {
              'saml:groups': [`team-${i % teamsAmong(count)}`, `admins-${i % 5_000}-${account}`],
            },
          }
  const { StringEquals = {}, ...others } = wanted
  const text = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:aws:iam::${account}:saml-provider/corp` },
        Action: ['sts:AssumeRoleWithSAML', 'sts:TagSession'],
        Condition: {
          StringEquals: { 'saml:aud': 'https://signin.example.com/saml', ...StringEquals },
          ...others,
        },
      },
    ],
  })
  return {
    arn,
    id: `AROA${String(i).padStart(17, '0')}`,
    account,
    name,
    path: '/',
    permissions: [],
    maxSessionSeconds: 3600,
    tags: noTags,
    text,
  }
}

const noTags = new Map()
const providers = [{ kind: 'saml', name: 'corp' }]

/** Ten roles a team. */
function teamsAmong(count) {
  return Math.ceil(count / 10)
}

function compiledTrust(text, arn) {
  const result = compilePolicy(text, 'trust', arn)
  if (!result.ok) throw new Error(JSON.stringify(result.problems))
  return result.policy
}

function person(i, count) {
  const groups = Array.from(
    { length: teamsOfPerson },
    (_, j) => `team-${(i * 31 + j * 17) % teamsAmong(count)}`,
  )
  return {
    provider: 'corp',
    kind: 'saml',
    issuer: 'https://idp.example.com',
    subject: `person-${i}`,
    audience: 'https://signin.example.com/saml',
    username: `person-${i}`,
    displayName: `Person ${i}`,
    groups,
    conditionKeys: new Map([
      ['saml:aud', 'https://signin.example.com/saml'],
      ['saml:sub', `person-${i}`],
      ['saml:groups', [...groups, `project-${i % 997}-dev`, `admins-${i % 5_000}-${accountId(i % 10)}`]],
    ]),
    authenticatedAt: new Date(1_767_225_000_000),
    multiFactor: true,
    tags: noTags,
    transitiveTagKeys: [],
  }
}

const origin = { secure: true, sourceIp: '192.0.2.1', userAgent: 'bench' }

function organization(accounts) {
  return {
    id: 'o-a1b2c3d4e5',
    name: 'bench',
    accounts: Array.from({ length: accounts }, (_, i) => ({
      id: accountId(i),
      name: `account ${i}`,
      unit: 'Workloads',
      tags: noTags,
    })),
  }
}

function accountId(i) {
  return String(111_100_000_000 + i)
}
