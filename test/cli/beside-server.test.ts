/** What commands beside a server print of it and write into its audit record, on a real store. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { AuditEvent } from '../../src/audit/event.js'
import { main } from '../../src/cli/main.js'
import { openKeyRing } from '../../src/credentials/key-ring-live.js'
import { createRingFile } from '../../src/credentials/ring-file.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import { account, mfaOn, userOf } from '../user/house.js'
import { testClock, type TestClock } from '../support/clock.js'
import { configFolder, temporaryDirectory } from '../support/config-folder.js'
import { keptLog } from '../support/silent-log.js'

const ann = userOf('ann')
const endpointIn = (out: string) => /^export AWS_ENDPOINT_URL_STS=(.*)$/m.exec(out)?.[1]

let config: string
let data: string
let clock: TestClock
beforeEach(async () => {
  config = await configFolder({
    'rolegate.yaml':
      'server: { listen: "127.0.0.1:8080", publicUrl: "https://rolegate.example.test" }\naudit: { file: audit.jsonl }\n',
    'organization.yaml': `id: o-a1b2c3d4e5\nname: Example\naccounts:\n  - { id: "${account}", name: Sandbox, alias: sandbox }\n`,
    'users.yaml': 'users:\n  - { account: sandbox, name: ann }\n',
  })
  data = await temporaryDirectory()
  clock = testClock()
  await createRingFile(join(data, 'keys.json'), { random: randomBytes, now: clock.now })
})

async function run(parameters: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const said = { out: '', err: '' }
  const folders = ['--config', config, '--data', data, '--certs', join(data, 'certs')]
  const code = await main([...parameters, ...folders], {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += `${text}\n`),
    environment,
    home: data,
    now: clock.now,
    fetch,
    openBrowser: () => Promise.resolve(false),
    wait: () => Promise.resolve(),
  })
  return { ...said, code }
}

async function records(): Promise<readonly AuditEvent[]> {
  const lines = (await readFile(join(data, 'audit.jsonl'), 'utf8')).trim().split('\n')
  return lines.map((line) => JSON.parse(line) as AuditEvent)
}

describe('the address that keys create prints', () => {
  const create = async (
    options: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
  ) => endpointIn((await run(['keys', 'create', 'ann', ...options], environment)).out)

  it('is the configured one', async () => {
    expect(await create()).toBe('https://rolegate.example.test/sts')
  })

  it('is the server’s that ROLEGATE_SERVER names', async () => {
    expect(await create([], { ROLEGATE_SERVER: 'http://127.0.0.1:9090' })).toBe('http://127.0.0.1:9090/sts')
  })

  it('is the server’s that --server names, before everything', async () => {
    const other = { ROLEGATE_SERVER: 'http://127.0.0.1:9090' }
    expect(await create(['--server', 'https://other.example.test/'], other)).toBe(
      'https://other.example.test/sts',
    )
  })

  it('is in profiles, too', async () => {
    const { out } = await run(['keys', 'create', 'ann', '--profile', 'ann', '-s', 'http://localhost:9090'])
    expect(out).toContain('  endpoint_url = http://localhost:9090/sts\n')
  })

  it('is not one that keys would be sent to in clear, and then there is no key', async () => {
    for (const server of ['http://rolegate.example.test', 'rolegate.example.test', 'ftp://127.0.0.1']) {
      const refused = await run(['keys', 'create', 'ann', '--server', server])
      expect(refused).toMatchObject({ code: 2, out: '' })
      expect(refused.err).toContain(`\`${server}\` is not`)
    }
    expect((await run(['keys', 'list'])).out).toBe('')
  })
})
describe('the record', () => {
  const byOperator = {
    userIdentity: { type: 'Unknown', userName: userInfo().username },
    sourceIPAddress: 'rolegate',
    userAgent: 'rolegate-cli',
    additionalEventData: { via: 'command line' },
    eventType: 'AwsApiCall',
    recipientAccountId: account,
    readOnly: false,
  }

  it('has keys under iam.amazonaws.com', async () => {
    const { out } = await run(['keys', 'create', 'ann', '--json'])
    const { AccessKey } = JSON.parse(out) as { readonly AccessKey: { readonly AccessKeyId: string } }
    await run(['keys', 'deactivate', AccessKey.AccessKeyId])
    await run(['keys', 'delete', AccessKey.AccessKeyId, '--yes'])
    const made = await records()
    const expected = ['CreateAccessKey', 'UpdateAccessKey', 'DeleteAccessKey'].map((eventName) => ({
      ...byOperator,
      eventSource: 'iam.amazonaws.com',
      eventName,
    }))
    expect(made).toMatchObject(expected)
  })

  describe('of a device', () => {
    const closing: { close(): unknown }[] = []
    afterEach(async () => {
      for (const one of closing.splice(0).toReversed()) await one.close()
    })

    it('is under iam.amazonaws.com', async () => {
      const store = await createEmbeddedStore({ directory: join(data, 'store'), now: clock.now })
      closing.push(store)
      const file = join(data, 'keys.json')
      const ring = await openKeyRing({ file, random: randomBytes, now: clock.now, log: keptLog() })
      closing.push(ring)
      const serialNumber = `arn:aws:iam::${account}:mfa/ann`
      const device = { userArn: ann.arn, userId: ann.id, serialNumber, enabledAt: clock.now() }
      await mfaOn(store, ring, clock.now).devices.add({ ...device, secret: randomBytes(20) })
      expect((await run(['mfa', 'disable', 'ann', '--yes'])).code).toBe(0)
      expect(await records()).toMatchObject([
        { ...byOperator, eventSource: 'iam.amazonaws.com', eventName: 'DeactivateMFADevice' },
      ])
    })
  })

  it('has revocations under rolegate.amazonaws.com, as the server has them', async () => {
    const { out } = await run(['keys', 'create', 'ann', '--json'])
    const { AccessKeyId } = (JSON.parse(out) as { AccessKey: { AccessKeyId: string } }).AccessKey
    expect((await run(['revoke', 'key', '--local', AccessKeyId])).code).toBe(0)
    expect((await run(['keys', 'list'])).out).toBe('')
    expect((await records()).at(-1)).toMatchObject({
      ...byOperator,
      eventSource: 'rolegate.amazonaws.com',
      eventName: 'RevokeAccessKey',
      requestParameters: { type: 'key', accessKeyId: AccessKeyId },
      responseElements: { type: 'key', accessKeyId: AccessKeyId, keyDeleted: true },
      resources: [{ type: 'Rolegate::Revocation' }],
    })
  })
})
