/** A configuration folder for the benchmark: one issuer, one role that its workloads assume, one behind it. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const account = '111122223333'
export const firstRole = `arn:aws:iam::${account}:role/Workload`
export const chainedRole = `arn:aws:iam::${account}:role/Release`

const statement = (rest) => ({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...rest }] })
/** The two policies that a chained AssumeRole is judged by. */
export const mayAssumeChained = statement({ Action: 'sts:AssumeRole', Resource: chainedRole })
export const trustsFirst = statement({
  Principal: { AWS: firstRole },
  Action: 'sts:AssumeRole',
  Condition: { StringLike: { 'sts:RoleSessionName': 'release-*' } },
})

/**
 * JSON is YAML, and needs no care with quotes.
 * @param server more of the server's settings.
 */
export async function writeInstallation(folder, issuer, server = {}) {
  const provider = `oidc-provider/${issuer.replace(/^http:\/\//, '')}`
  const files = {
    'rolegate.yaml': { log: { level: 'error' }, ...(Object.keys(server).length === 0 ? {} : { server }) },
    'organization.yaml': {
      id: 'o-bench00000',
      name: 'Bench',
      accounts: [{ id: account, alias: 'bench', name: 'Bench' }],
    },
    'providers.yaml': {
      providers: [
        {
          kind: 'oidc',
          name: 'bench',
          displayName: 'Bench',
          issuer,
          audiences: ['sts.amazonaws.com'],
          insecureAllowHttp: true,
        },
      ],
    },
    'roles/bench.yaml': {
      roles: [
        {
          account,
          name: 'Workload',
          trustPolicy: statement({
            Principal: { Federated: `arn:aws:iam::${account}:${provider}` },
            Action: 'sts:AssumeRoleWithWebIdentity',
            Condition: { StringLike: { [`${issuer.replace(/^http:\/\//, '')}:sub`]: 'bench-*' } },
          }),
          permissions: [{ name: 'Assume', policy: mayAssumeChained }],
        },
        {
          account,
          name: 'Release',
          trustPolicy: trustsFirst,
        },
      ],
    },
  }
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, 'roles'), { recursive: true })
    await writeFile(join(folder, name), JSON.stringify(content, undefined, 2))
  }
}
