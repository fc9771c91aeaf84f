/** `rolegate keys`, `mfa` and `revoke` beside a running server, used wrongly: what they say, and that nothing changes. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runCommand, runCommandWith, startProduct, type Product } from '../support/product.js'
import { configureTokenService, createKey, enrolDevice, foldersOf } from '../support/product-token-service.js'
import type { SigningCredentials } from '../support/aws-signer.js'

let product: Product
let engineer: SigningCredentials
beforeAll(async () => {
  product = await startProduct({ demo: false, configure: ({ config }) => configureTokenService(config, {}) })
  ;[engineer] = await Promise.all([createKey(product, 'engineer'), enrolDevice(product, 'engineer', 'phone')])
}, 60_000)
afterAll(async () => {
  await product?.stop('SIGKILL')
  await product?.remove()
})

const usage = 2
const failed = 1
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
type Case = readonly [words: string, code: number, said: RegExp, input?: string]

const nobody = 'AKIA2222222222222222'
const cases: readonly Case[] = [
  ['keys', usage, /Usage: rolegate keys /],
  ['keys crate engineer', usage, /unknown command 'crate'\n\(Did you mean create\?\)/],
  ['keys create enginer', failed, /there is no user `enginer`; did you mean `engineer`\?/],
  ['keys create nowhere/engineer', usage, /there is no account `nowhere`/],
  ['keys create engineer --profile a/b', usage, /`a\/b` is no name of a profile/],
  [
    `keys deactivate ${nobody}`,
    failed,
    /there is no access key `AKIA2222222222222222`: `rolegate keys list`/,
  ],
  [`keys delete ${nobody} --yes`, failed, /there is no access key/],
  ['keys delete KEY --yes', failed, /is active: deactivate it first/],
  ['keys delete KEY --force', usage, /no terminal to ask at: use --yes/],
  ['mfa', usage, /Usage: rolegate mfa /],
  ['mfa enable newcomer --codes 123456 654321', usage, /--secret-stdin and --codes go together/],
  ['mfa enable newcomer --secret-stdin --codes 123456', usage, /--codes takes two codes/, secret],
  [
    'mfa enable newcomer --secret-stdin --codes 123456 654321',
    usage,
    /standard input is no secret/,
    'no base32!',
  ],
  ['mfa enable newcomer --secret-stdin --codes 123456 654321', usage, /standard input is no secret/],
  [
    'mfa enable newcomer --secret-stdin --codes 123456 654321',
    failed,
    /these are not two codes of this device/,
    secret,
  ],
  ['mfa enable newcomer --no-qr', failed, /given up: nothing is enabled/],
  ['mfa enable newcomer --no-qr', failed, /these are not two codes of this device/, '123456\n654321\n'],
  ['mfa enable newcomer --name a/b --no-qr', usage, /`a\/b` is no name of an MFA device/],
  ['mfa enable engineer --name phone --no-qr', failed, /the user has a device of this name/],
  ['mfa disable newcomer --yes', failed, /`newcomer` has no MFA device/],
  ['mfa disable engineer --yes', failed, /say which one with --name/],
  ['mfa disable engineer --name phone', usage, /no terminal to ask at: use --yes/],
  ['revoke', usage, /Usage: rolegate revoke /],
  ['revoke session AKIA2222222222222222 --local', usage, /`accessKeyId` must be/],
  ['revoke role demo-development/Nobody --local', failed, /there is no role or account of this name/],
  ['revoke person --issuer x --subject y --user z --local', usage, /say --issuer and --subject/],
  ['revoke provider-session --issuer x --local', usage, /required option '--sid <id>' not specified/],
]

/** No machine paths of the code, no stack, and one thing said once. */
const sober = (text: string) => !/\bat .+:\d+:\d+|node_modules|\[object/.test(text)

describe('used wrongly', () => {
  it.each(cases)('`rolegate %s` ends with %i', async (words, code, said, input = '') => {
    const parameters = words.replace('KEY', engineer.accessKeyId).split(' ')
    const folders = parameters.length === 1 ? [] : foldersOf(product)
    const ended = await runCommandWith(input, ...parameters, ...folders)
    expect([ended.code, ended.stdout]).toEqual([code, ''])
    expect(ended.stderr).toMatch(said)
    expect(sober(ended.stderr)).toBe(true)
  })

  it('a folder that is none of an installation is an error, and stays as it was', async () => {
    for (const words of [
      ['keys', 'create', 'engineer'],
      ['mfa', 'list'],
    ]) {
      const folders = ['--config', product.configDirectory, '--data', join(product.dataDirectory, 'dta')]
      const ended = await runCommand(...words, ...folders)
      expect([ended.code, ended.stdout]).toEqual([failed, ''])
      expect(ended.stderr).toContain('dta')
    }
    await expect(readFile(join(product.dataDirectory, 'dta', 'keys.json'))).rejects.toThrow('ENOENT')
  })

  it('a third key is refused, and nothing of the above has made, changed or revoked anything', async () => {
    await createKey(product, 'engineer')
    const third = await runCommand('keys', 'create', 'engineer', ...foldersOf(product))
    expect([third.code, third.stdout]).toEqual([failed, ''])
    expect(third.stderr).toContain('has 2 access keys, which is the most: delete one first')
    const { stdout: keys } = await runCommand('keys', 'list', ...foldersOf(product))
    expect(keys.match(/^AKIA\w+\tActive\t/gm)).toHaveLength(2)
    const { stdout: devices } = await runCommand('mfa', 'list', ...foldersOf(product))
    expect(devices.trim().split('\n')).toHaveLength(1)
    const names = (await product.audit())
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { eventName: string }).eventName)
    expect(names.toSorted()).toEqual([
      'CreateAccessKey',
      'CreateAccessKey',
      'CreateVirtualMFADevice',
      'EnableMFADevice',
    ])
  })
})
