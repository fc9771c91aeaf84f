import { fileURLToPath } from 'node:url'
import { describe, expect, it } from '@jest/globals'
import { check } from '../../src/cli/check.js'
import { configFolder, temporaryDirectory } from '../support/config-folder.js'

async function run(config: string, workingDirectory: string) {
  let printed = ''
  const status = await check({
    config,
    data: await temporaryDirectory(),
    certs: await temporaryDirectory(),
    environment: {},
    stdout: (text) => void (printed += text),
    workingDirectory,
  })
  return { status, printed }
}

describe('rolegate check', () => {
  it('says nothing about the committed demonstration, without any environment', async () => {
    const config = fileURLToPath(new URL('../../config', import.meta.url))
    expect(await run(config, '/')).toEqual({ status: 0, printed: '' })
  })

  it('prints one line per problem, with the file as seen from here', async () => {
    const config = await configFolder({ 'organization.yaml': 'id: o-abcdefghij\nname: X\nacounts: []\n' })
    expect(await run(config, `${config}/..`)).toEqual({
      status: 1,
      printed: [
        `${config.split('/').at(-1)!}/organization.yaml:1: accounts: is missing\n`,
        `${config.split('/').at(-1)!}/organization.yaml:3: acounts: is not a known field; did you mean \`accounts\`?\n`,
      ].join(''),
    })
  })
})
