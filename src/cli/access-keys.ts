/**
 * `rolegate keys create|list|activate|deactivate|delete`: users' access keys, changed in the store under running
 * servers, which follow within a second. Every change is written into the audit record; a key that could not be
 * written down is not given out.
 */
import { randomBytes } from 'node:crypto'
import { createPurposeBox } from '../credentials/purpose-box.js'
import {
  accessKeyPurpose,
  createAccessKeyRecords,
  keysPerUser,
  type AccessKeyRecords,
  type StoredKey,
} from '../user/access-key-records.js'
import {
  createdJson,
  environmentText,
  listedJson,
  listedLines,
  profileText,
  userNameOf,
} from './access-key-formats.js'
import { withInstallation, type Installation, type InstallationFolders } from './installation.js'
import { namedUser } from './named-user.js'
import { namedServerUrl } from './places.js'
import { agrees } from './question.js'
import { CommandError, exitCodes, type ExitCode, type Terminal } from './terminal.js'
import type { PasswordInput } from './password-prompt.js'

export interface AccessKeyIo extends Pick<Terminal, 'out' | 'err' | 'environment' | 'now'> {
  readonly input: PasswordInput
  /** Questions, without a line end. */
  readonly show: (text: string) => void
}

interface UserChoice {
  readonly user: string
  readonly account?: string
}

export function createKey(
  folders: InstallationFolders,
  options: UserChoice & { readonly json: boolean; readonly profile?: string; readonly server?: string },
  io: AccessKeyIo,
): Promise<ExitCode> {
  const { profile } = options
  if (profile !== undefined && !/^[\w.@+-]{1,64}$/.test(profile))
    throw new CommandError(
      exitCodes.usage,
      `\`${profile}\` is no name of a profile: letters, digits and . @ + _ -`,
    )
  // A server that was started with `--listen`, say, is not where its configuration has it.
  const server = namedServerUrl(io, options.server)
  return withInstallation(folders, io, async (installation) => {
    const user = namedUser(installation.config, options.user, options.account)
    await installation.requireAgreement()
    const keys = keysOf(installation, io)
    const key = await keys.create(user)
    if (key === undefined)
      throw new CommandError(
        exitCodes.failed,
        `\`${user.arn}\` has ${String(keysPerUser)} access keys, which is the most: delete one first (\`rolegate keys list\`)`,
      )
    const { accessKeyId } = key
    await undoneUnless(
      record(installation, 'CreateAccessKey', key, undefined, {
        accessKey: {
          userName: user.name,
          accessKeyId,
          status: 'Active',
          createDate: key.createdAt.toISOString(),
        },
      }),
      () => keys.delete(user.arn, accessKeyId),
    )
    const endpoint = `${server ?? installation.config.server.publicUrl}/sts`
    io.out(
      options.json
        ? createdJson(key)
        : profile === undefined
          ? environmentText(key, endpoint)
          : profileText(key, endpoint, profile),
    )
    io.err(`Created ${accessKeyId} for \`${user.arn}\`. The secret is shown this once.`)
    return exitCodes.ok
  })
}

export function listKeys(
  folders: InstallationFolders,
  options: { readonly user?: string; readonly account?: string; readonly json: boolean },
  io: AccessKeyIo,
): Promise<ExitCode> {
  return withInstallation(folders, io, async (installation) => {
    const { config } = installation
    const all = await keysOf(installation, io).all()
    const arn =
      options.user === undefined ? undefined : userArnAmong(all, config, { ...options, user: options.user })
    const shown = all
      .filter(({ userArn }) => arn === undefined || userArn === arn)
      .toSorted((a, b) => (a.userArn === b.userArn ? 0 : a.userArn < b.userArn ? -1 : 1))
    io.out(options.json ? listedJson(shown, config) : listedLines(shown, config))
    return exitCodes.ok
  })
}

export function setKeyActive(
  folders: InstallationFolders,
  options: { readonly accessKeyId: string; readonly active: boolean },
  io: AccessKeyIo,
): Promise<ExitCode> {
  const { active } = options
  return withInstallation(folders, io, async (installation) => {
    const keys = keysOf(installation, io)
    const stored = await found(keys, options.accessKeyId)
    const { accessKeyId, userArn } = stored
    await installation.requireAgreement()
    if ((await keys.setActive(userArn, accessKeyId, active)) === undefined)
      throw new CommandError(
        exitCodes.failed,
        `the key ring does not open \`${accessKeyId}\`, so it is accepted nowhere: delete it and create another one`,
      )
    const done = record(installation, 'UpdateAccessKey', stored, active ? 'Active' : 'Inactive')
    if (active && stored.key?.active === false)
      await undoneUnless(done, () => keys.setActive(userArn, accessKeyId, false))
    else await done
    io.err(
      active
        ? `${accessKeyId} of \`${userArn}\` is active.`
        : `${accessKeyId} of \`${userArn}\` is inactive: every server refuses it within a second.`,
    )
    return exitCodes.ok
  })
}

export function deleteKey(
  folders: InstallationFolders,
  options: { readonly accessKeyId: string; readonly yes: boolean; readonly force: boolean },
  io: AccessKeyIo,
): Promise<ExitCode> {
  return withInstallation(folders, io, async (installation) => {
    const keys = keysOf(installation, io)
    const stored = await found(keys, options.accessKeyId)
    const { accessKeyId, userArn } = stored
    if (stored.key?.active === true && !options.force)
      throw new CommandError(
        exitCodes.failed,
        `\`${accessKeyId}\` is active: deactivate it first, and delete it when nothing is missed, or use --force`,
      )
    if (!options.yes) {
      if (io.input.isTTY !== true) throw new CommandError(exitCodes.usage, 'no terminal to ask at: use --yes')
      if (!(await agrees(io.input, io.show, `Delete ${accessKeyId} of ${userArn} for ever?`)))
        throw new CommandError(exitCodes.failed, 'given up')
    }
    if (!(await keys.delete(userArn, accessKeyId))) throw unknown(accessKeyId)
    await record(installation, 'DeleteAccessKey', stored)
    io.err(`Deleted ${accessKeyId} of \`${userArn}\`.`)
    return exitCodes.ok
  })
}

function keysOf({ store, ring }: Installation, { now }: AccessKeyIo): AccessKeyRecords {
  const box = createPurposeBox(ring, accessKeyPurpose)
  return createAccessKeyRecords({ records: store.records, feed: store.feed, box, random: randomBytes, now })
}

async function found(keys: AccessKeyRecords, accessKeyId: string): Promise<StoredKey> {
  const stored = (await keys.all()).find((one) => one.accessKeyId === accessKeyId)
  if (stored === undefined) throw unknown(accessKeyId)
  return stored
}

function unknown(accessKeyId: string): CommandError {
  return new CommandError(
    exitCodes.failed,
    `there is no access key \`${accessKeyId}\`: \`rolegate keys list\` shows those there are`,
  )
}

/** Users that are not configured any more are known by the ARN that their keys have. */
function userArnAmong(all: readonly StoredKey[], config: Installation['config'], choice: UserChoice): string {
  return all.some(({ userArn }) => userArn === choice.user)
    ? choice.user
    : namedUser(config, choice.user, choice.account).arn
}

function record(
  installation: Installation,
  eventName: string,
  { userArn, accessKeyId }: Pick<StoredKey, 'userArn' | 'accessKeyId'>,
  status?: string,
  responseElements: Readonly<Record<string, unknown>> | null = null,
): Promise<void> {
  const userName = userNameOf(userArn)
  const account = userArn.split(':')[4] ?? ''
  return installation.record({
    eventSource: 'iam.amazonaws.com',
    eventName,
    requestParameters: {
      userName,
      ...(responseElements === null ? { accessKeyId } : {}),
      ...(status === undefined ? {} : { status }),
    },
    responseElements,
    resources: [{ ARN: userArn, accountId: account, type: 'AWS::IAM::User' }],
    recipientAccountId: account,
  })
}

async function undoneUnless(recorded: Promise<void>, undo: () => Promise<unknown>): Promise<void> {
  try {
    await recorded
  } catch (cause) {
    await undo()
    throw cause
  }
}
