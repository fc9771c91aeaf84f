/**
 * The built product with an organisation for resource servers: a role that reads reports, a user that may take it, the
 * user of a resource server, a role that it may work as, and a service behind a proxy.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AssumeRoleCommand, STSClient, type AssumeRoleCommandInput } from '@aws-sdk/client-sts'
import type { SigningCredentials } from './aws-signer.js'
import { runCommand, startProduct, type Product } from './product.js'

export const account = '012345678901'
export const readerRole = `arn:aws:iam::${account}:role/Reader`
const serverRole = `arn:aws:iam::${account}:role/ReportsServer`

type SessionCredentials = SigningCredentials & { readonly sessionToken: string }

export interface ResourceInstallation {
  readonly product: Product
  /** A long-term key of the resource server's user. */
  readonly server: SigningCredentials
  /** Temporary credentials of the role that a resource server may work as, taken now with its key. */
  serverSession(): Promise<SessionCredentials>
  /** Temporary credentials of the role, taken now with the user's key. */
  reader(tags?: Readonly<Record<string, string>>): Promise<SessionCredentials>
  /** The user who may take the role, and nothing else. */
  readonly user: SigningCredentials
  command(...words: string[]): Promise<string>
  /** Down until `up`. */
  down(): Promise<void>
  up(): Promise<void>
  stop(): Promise<void>
}

/** @param hosts by which clients reach the protected service. */
export async function startResourceInstallation(hosts: readonly string[]): Promise<ResourceInstallation> {
  let product = await startProduct({
    demo: false,
    configure: async ({ config }) => {
      await rm(config, { recursive: true })
      await mkdir(config)
      const files = { 'rolegate.yaml': rolegate(hosts), 'organization.yaml': organization, 'roles.yaml': roles, 'users.yaml': users } // prettier-ignore
      for (const [name, content] of Object.entries(files))
        await writeFile(join(config, name), JSON.stringify(content))
    },
  })
  const folders = ['--config', product.configDirectory, '--data', product.dataDirectory]
  async function command(...words: string[]): Promise<string> {
    const { code, stdout, stderr } = await runCommand(...words, ...folders)
    if (code !== 0) throw new Error(stderr)
    return stdout
  }
  async function keyOf(name: string): Promise<SigningCredentials> {
    const { AccessKey: key } = JSON.parse(await command('keys', 'create', name, '--json')) as {
      readonly AccessKey: { readonly AccessKeyId: string; readonly SecretAccessKey: string }
    }
    return { accessKeyId: key.AccessKeyId, secretAccessKey: key.SecretAccessKey }
  }
  async function take(
    credentials: SigningCredentials,
    input: AssumeRoleCommandInput,
  ): Promise<SessionCredentials> {
    const client = new STSClient({ endpoint: product.url, region: 'eu-central-1', credentials })
    const { Credentials: issued } = await client.send(new AssumeRoleCommand(input))
    client.destroy()
    return {
      accessKeyId: issued?.AccessKeyId ?? '',
      secretAccessKey: issued?.SecretAccessKey ?? '',
      sessionToken: issued?.SessionToken ?? '',
    }
  }
  try {
    const user = await keyOf('ada')
    const server = await keyOf('reports-server')
    return {
      get product() {
        return product
      },
      async down() {
        await product.stop()
      },
      async up() {
        product = await product.restart()
      },
      user,
      server,
      serverSession: () => take(server, { RoleArn: serverRole, RoleSessionName: 'server' }),
      command,
      reader: (tags = {}) =>
        take(user, {
          RoleArn: readerRole,
          RoleSessionName: 'ada',
          SourceIdentity: 'ada',
          Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
        }),
      async stop() {
        await product.stop()
        await product.remove()
      },
    }
  } catch (cause) {
    await product.stop()
    await product.remove()
    throw cause
  }
}

const policy = (...Statement: readonly object[]) => ({ Version: '2012-10-17', Statement })
const allow = (Action: unknown, Resource: unknown, more: object = {}) => ({ Effect: 'Allow', Action, Resource, ...more }) // prettier-ignore
const reports = (path: string) => `arn:aws:reports::${account}:${path}`
const mayAsk = policy(allow('rolegate:Authorize', `arn:aws:rolegate::${account}:service/reports`))

const rolegate = (hosts: readonly string[]) => ({
  server: { trustedProxies: ['127.0.0.1'] },
  services: [{ name: 'reports', account, hosts }],
})
const organization = {
  id: 'o-resources0',
  name: 'Resources',
  accounts: [{ id: account, name: 'Production', alias: 'production' }],
}
const roles = {
  roles: [
    {
      account,
      name: 'Reader',
      trustPolicy: policy({
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${account}:user/ada` },
        Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
      }),
      permissions: [
        {
          name: 'Reports',
          policy: policy(
            allow(['reports:GET', 'reports:POST', 'reports:Read', 'reports:Write'], reports('*')),
            allow('sts:GetWebIdentityToken', '*'),
            { Sid: 'NoSecrets', Effect: 'Deny', Action: '*', Resource: reports('secret/*') },
          ),
        },
      ],
    },
    {
      account,
      name: 'ReportsServer',
      trustPolicy: policy({
        Effect: 'Allow',
        Principal: { AWS: `arn:aws:iam::${account}:user/reports-server` },
        Action: 'sts:AssumeRole',
      }),
      permissions: [{ name: 'Ask', policy: mayAsk }],
    },
  ],
}
const users = {
  users: [
    {
      account,
      name: 'ada',
      permissions: [
        {
          name: 'Take',
          policy: policy(allow(['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'], readerRole)),
        },
      ],
    },
    {
      account,
      name: 'reports-server',
      permissions: [
        { name: 'Ask', policy: mayAsk },
        { name: 'Take', policy: policy(allow('sts:AssumeRole', serverRole)) },
      ],
    },
  ],
}
