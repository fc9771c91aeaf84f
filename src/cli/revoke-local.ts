/** `rolegate revoke … --local`: the revocation goes straight into the feed that the servers follow. */
import { randomBytes } from 'node:crypto'
import { BadRequest } from '../authz/json-reading.js'
import { parseRevocationRequest, type AccountsOfProvider } from '../authz/revocation-request.js'
import { shownRevocation, type ShownRevocation } from '../authz/revocation-view.js'
import { revocationSettings } from '../config/revocation-settings.js'
import { createPurposeBox } from '../credentials/purpose-box.js'
import { entryOf } from '../credentials/revocation-entry.js'
import { revocationAt } from '../credentials/revocation-list.js'
import { readUsers } from '../federation/local/users-file.js'
import type { ProviderSettings } from '../federation/settings.js'
import { createConfigDirectory } from '../role/config-directory.js'
import { accessKeyPurpose, createAccessKeyRecords } from '../user/access-key-records.js'
import { withInstallation, type Installation, type InstallationFolders } from './installation.js'
import type { RevocationBody } from './revoke-command.js'
import { CommandError, exitCodes, type Terminal } from './terminal.js'

export function revokeLocally(
  folders: InstallationFolders,
  body: RevocationBody,
  terminal: Pick<Terminal, 'err' | 'environment' | 'now'>,
): Promise<ShownRevocation> {
  return withInstallation(folders, terminal, async (installation) => {
    const { config, store } = installation
    const { now } = terminal
    const { eventName, resource, account, target } = await request(installation, body)
    if (target === undefined)
      throw new CommandError(exitCodes.failed, 'there is no role or account of this name')
    const revocation = revocationAt(now(), target, 'rolegate revoke --local', revocationSettings(config))
    await store.feed.append(entryOf(revocation), revocation.expiresAt)
    const keyDeleted =
      target.type === 'key' ? await deleteKey(installation, target.accessKeyId, now) : undefined
    const shown = { ...shownRevocation(revocation), ...(keyDeleted === undefined ? {} : { keyDeleted }) }
    await installation.record({
      eventSource: 'rolegate.amazonaws.com',
      eventName,
      requestParameters: { ...target },
      responseElements: shown,
      resources: [{ ARN: resource, accountId: account ?? '', type: 'Rolegate::Revocation' }],
      ...(account === undefined ? {} : { recipientAccountId: account }),
    })
    return shown
  })
}

async function request({ config }: Installation, body: RevocationBody) {
  try {
    return await parseRevocationRequest(
      Buffer.from(JSON.stringify(body)),
      createConfigDirectory(config),
      config.providers.flatMap(localAccounts),
    )
  } catch (cause) {
    if (!(cause instanceof BadRequest)) throw cause
    throw new CommandError(exitCodes.usage, `\`${cause.path}\` ${cause.message}`)
  }
}

function localAccounts(settings: ProviderSettings): readonly AccountsOfProvider[] {
  if (settings.kind !== 'local') return []
  const accountNamed = async (username: string) =>
    (await readUsers(settings.usersFile)).find(({ name }) => name.toLowerCase() === username.toLowerCase())
      ?.name
  return [{ name: settings.name, password: { accountNamed } }]
}

/** The revocation ends with the sessions; the key would go on. @returns false when there is none of this id. */
async function deleteKey(
  { store, ring }: Installation,
  accessKeyId: string,
  now: Terminal['now'],
): Promise<boolean> {
  const box = createPurposeBox(ring, accessKeyPurpose)
  const keys = createAccessKeyRecords({ ...store, box, random: randomBytes, now })
  const found = (await keys.all()).find((stored) => stored.accessKeyId === accessKeyId)
  return found !== undefined && keys.delete(found.userArn, accessKeyId)
}
