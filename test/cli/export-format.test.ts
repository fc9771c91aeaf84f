import { describe, expect, it } from '@jest/globals'
import { exportFormats } from '../../src/cli/export-format.js'

const credentials = {
  accessKeyId: 'ASIAEXAMPLEEXAMPLE12',
  secretAccessKey: 'secret',
  sessionToken: 'token',
  expiration: '2026-01-02T04:04:05Z',
  accountId: '777788889999',
}
const endpoint = 'https://rolegate.example.test/sts'

describe.each(['env', 'env-no-export', 'powershell', 'windows-cmd', 'fish'])('credentials as %s', (name) => {
  const format = exportFormats.get(name)!

  it('name the region for version 1 of the AWS CLI too, which otherwise says `You must specify a region`', () => {
    const text = format(credentials, { endpoint, region: 'us-east-1' })
    expect(text).toMatch(/\bAWS_REGION[= ]"?us-east-1/)
    expect(text).toMatch(/\bAWS_DEFAULT_REGION[= ]"?us-east-1/)
  })

  it('leave a chosen region alone', () => {
    expect(format(credentials, { endpoint })).not.toContain('REGION')
  })
})
