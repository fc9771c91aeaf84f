/** A new access key in the formats that tools take, and lists of keys. The secret is in these texts and nowhere else. */
import type { Config } from '../config/config.js'
import type { StoredKey } from '../user/access-key-records.js'
import type { LongTermKey } from '../user/long-term-key.js'
import { regionVariables } from './export-format.js'

/** Stock tools need some region to sign with; Rolegate accepts any. */
const region = 'us-east-1'

/** Nothing in a key, a secret or our own address is taken apart by a shell. */
export function environmentText(key: LongTermKey, endpoint: string): string {
  const variables = [
    ['AWS_ACCESS_KEY_ID', key.accessKeyId],
    ['AWS_SECRET_ACCESS_KEY', key.secretAccessKey],
    ['AWS_ENDPOINT_URL_STS', endpoint],
    ...regionVariables.map((name) => [name, region] as const),
  ]
  return variables.map(([name, value]) => `export ${name}=${value}\n`).join('')
}

/** @param profile without characters that end a section's name. */
export function profileText(key: LongTermKey, endpoint: string, profile: string): string {
  return `# ~/.aws/credentials
[${profile}]
aws_access_key_id = ${key.accessKeyId}
aws_secret_access_key = ${key.secretAccessKey}

# ~/.aws/config
[profile ${profile}]
region = ${region}
services = rolegate

[services rolegate]
sts =
  endpoint_url = ${endpoint}
`
}

/** As `aws iam create-access-key` answers. */
export function createdJson(key: LongTermKey): string {
  const { accessKeyId, secretAccessKey } = key
  return json({
    AccessKey: {
      UserName: userNameOf(key.userArn),
      AccessKeyId: accessKeyId,
      Status: 'Active',
      SecretAccessKey: secretAccessKey,
      CreateDate: key.createdAt.toISOString(),
    },
  })
}

/** As `aws iam list-access-keys` answers, with the user's ARN and what keeps a key from working. */
export function listedJson(keys: readonly StoredKey[], config: Pick<Config, 'users'>): string {
  return json({
    AccessKeyMetadata: keys.map((stored) => ({
      UserName: userNameOf(stored.userArn),
      AccessKeyId: stored.accessKeyId,
      Status: statusOf(stored),
      ...(stored.key === undefined ? {} : { CreateDate: stored.key.createdAt.toISOString() }),
      UserArn: stored.userArn,
      ...(troubleOf(stored, config) === undefined ? {} : { Note: troubleOf(stored, config) }),
    })),
  })
}

/** One line per key, separated by tabs: id, status, day of its making, user, what keeps it from working. */
export function listedLines(keys: readonly StoredKey[], config: Pick<Config, 'users'>): string {
  return keys
    .map((stored) => {
      const day = stored.key?.createdAt.toISOString().slice(0, 10) ?? '-'
      const trouble = troubleOf(stored, config)
      const columns = [stored.accessKeyId, statusOf(stored), day, stored.userArn]
      return `${[...columns, ...(trouble === undefined ? [] : [trouble])].join('\t')}\n`
    })
    .join('')
}

export function userNameOf(userArn: string): string {
  return userArn.slice(userArn.lastIndexOf('/') + 1)
}

function statusOf({ key }: StoredKey): string {
  if (key === undefined) return 'Unreadable'
  return key.active ? 'Active' : 'Inactive'
}

function troubleOf({ key, userArn }: StoredKey, { users }: Pick<Config, 'users'>): string | undefined {
  if (key === undefined) return 'the key ring does not open it: delete it and create another one'
  const user = users.find(({ arn }) => arn === userArn)
  if (user === undefined) return 'not accepted: the user is not configured'
  return user.id === key.userId ? undefined : 'not accepted: it belongs to an earlier user of this name'
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
