import { fileURLToPath } from 'node:url'
import { describe, expect, it } from '@jest/globals'
import { check } from '../../src/cli/check.js'
import { configFolder, temporaryDirectory } from '../support/config-folder.js'

async function run(config: string, workingDirectory: string, strict = false) {
  let printed = ''
  let doubts = ''
  const status = await check({
    config,
    data: await temporaryDirectory(),
    certs: await temporaryDirectory(),
    environment: {},
    strict,
    stdout: (text) => void (printed += text),
    stderr: (text) => void (doubts += text),
    workingDirectory,
  })
  return { status, printed, doubts }
}

describe('rolegate check', () => {
  it('says nothing about the committed demonstration, without any environment', async () => {
    const config = fileURLToPath(new URL('../../config', import.meta.url))
    expect(await run(config, '/')).toEqual({ status: 0, printed: '', doubts: '' })
  })

  it('prints one line per problem, with the file as seen from here', async () => {
    const config = await configFolder({ 'organization.yaml': 'id: o-abcdefghij\nname: X\nacounts: []\n' })
    expect(await run(config, `${config}/..`)).toMatchObject({
      status: 1,
      printed: [
        `${config.split('/').at(-1)!}/organization.yaml:1: accounts: is missing\n`,
        `${config.split('/').at(-1)!}/organization.yaml:3: acounts: is not a known field; did you mean \`accounts\`?\n`,
      ].join(''),
    })
  })

  it('doubts a trust policy that is open to every repository of GitHub, and fails on it when strict', async () => {
    const config = await configFolder({
      'organization.yaml':
        "id: o-abcdefghij\nname: X\naccounts:\n  - { id: '111122223333', name: A, alias: aaa, email: a@example.test }\n",
      'providers.yaml':
        'providers:\n  - { kind: oidc, name: github, issuer: https://token.actions.githubusercontent.com, audiences: [rolegate] }\n',
      'roles.yaml': [
        'roles:',
        '  - account: aaa',
        '    name: Deploy',
        '    trustPolicy:',
        "      Version: '2012-10-17'",
        '      Statement:',
        '        - Effect: Allow',
        "          Principal: { Federated: 'arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com' }",
        '          Action: sts:AssumeRoleWithWebIdentity',
        '          Condition:',
        "            StringEquals: { 'token.actions.githubusercontent.com:aud': rolegate }",
        '',
      ].join('\n'),
    })
    const lax = await run(config, config)
    expect(lax).toMatchObject({ status: 0, printed: '' })
    expect(lax.doubts).toMatch(
      /^roles\.yaml:\d+: roles\[0\]\.trustPolicy.*SECURITY_WARNING MISSING_GITHUB_REPO_CONDITION_KEY: /m,
    )
    const strict = await run(config, config, true)
    expect(strict).toMatchObject({ status: 1, doubts: '' })
    expect(strict.printed).toContain('MISSING_GITHUB_REPO_CONDITION_KEY')
  })
})
