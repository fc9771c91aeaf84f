/**
 * `rolegate keys reseal`, `rotate --signing-keys` and `rotate --compromised`: what the store keeps sealed under the key
 * ring, seen from beside the servers. Prints ids and numbers; never a key.
 */
import { randomBytes } from 'node:crypto'
import { createPurposeBox } from '../credentials/purpose-box.js'
import { adoptRing } from '../credentials/ring-agreement.js'
import { dropRetiredKeys, renewRingFile } from '../credentials/ring-replacement.js'
import { writtenKeyId } from '../credentials/ring-rotation.js'
import { Fault } from '../fault.js'
import { resealIssuerKeys, rotateIssuerKeys } from '../issuer/open-issuer.js'
import { accessKeyPurpose, createAccessKeyRecords } from '../user/access-key-records.js'
import { createMfaDeviceRecords, mfaDevicePurpose } from '../user/mfa-device-records.js'
import { resealUsers } from '../user/resealing.js'
import { withInstallation, type Installation, type InstallationFolders } from './installation.js'
import { printRing } from './ring.js'
import { replaceableRingFile, type RingPlace } from './ring-place.js'
import { exitCodes, type ExitCode, type Terminal } from './terminal.js'

type Io = Pick<Terminal, 'out' | 'err' | 'now' | 'environment' | 'wait'>

/** Running servers look at their ring every second. */
const followedMs = 3_000

/** Fails when something is sealed under a key that the ring does not have. */
export function resealAll(folders: InstallationFolders, io: Io): Promise<ExitCode> {
  return withInstallation(folders, io, async (installation) => {
    await installation.requireAgreement()
    const unreadable = await resealUsersOf(installation, io)
    const accounts = await resealIssuerKeys(installationKeys(installation))
    for (const account of accounts)
      io.err(`The signing keys of account ${account} do not open with this key ring.`)
    if (unreadable + accounts.length > 0) return exitCodes.failed
    io.err('Everything that the store keeps is sealed under the active key: the retired keys may go.')
    return exitCodes.ok
  })
}

/** One line per new key, separated by tabs: account, key id, from when it signs. */
export function rotateSigning(
  folders: InstallationFolders,
  { compromised }: { readonly compromised: boolean },
  io: Io,
): Promise<ExitCode> {
  return withInstallation(folders, io, async (installation) => {
    await installation.requireAgreement()
    await newSigningKeys(installation, compromised, io)
    return exitCodes.ok
  })
}

/**
 * Two keys that nobody knows take the place of the whole ring; users' access keys and MFA devices are sealed anew, and
 * signing keys replaced, before the old ones are gone. Whatever fails, the old keys stay until it is run again.
 */
export async function replaceRing(folders: InstallationFolders & RingPlace, io: Io): Promise<ExitCode> {
  const file = await replaceableRingFile(folders)
  return withInstallation(folders, io, async (installation) => {
    const { ring, store, config } = installation
    await installation.requireAgreement()
    await renewRingFile(file, { now: io.now, random: randomBytes })
    await ring.reload()
    const { active } = ring.current()
    const hasReplicas = config.server.store.type === 'redis'
    if (hasReplicas) await adoptRing(ring.current(), store.records)
    await io.wait(followedMs)
    await resealUsersOf(installation, io)
    await newSigningKeys(installation, true, io).catch((cause: unknown) => {
      if (cause instanceof Fault) throw cause
      io.err(`${(cause as Error).message}; servers make new ones`)
    })
    const { content, removed } = await dropRetiredKeys(file, active.id, { now: io.now, random: randomBytes })
    printRing(content, io)
    for (const key of removed) io.out(`${writtenKeyId(key)}\tremoved\n`)
    io.err(
      `Replaced all keys in \`${file}\`. Within about a second no running server that reads this file opens anything that was sealed before: all temporary credentials and all registrations of programs are over.`,
    )
    if (hasReplicas)
      io.err(
        'Replicas that read another file accept the old credentials until they have this one: bring it to them now. Until then they issue nothing and are not ready.',
      )
    io.err(
      'Sign-ins of people, access keys and MFA devices stay. Whoever could read the store as well has these, too: end them with `rolegate revoke`, `rolegate keys delete` and `rolegate mfa disable`.',
    )
    return exitCodes.ok
  })
}

/** @returns how many do not open. */
async function resealUsersOf({ store, ring }: Installation, io: Io): Promise<number> {
  const keys = createAccessKeyRecords({
    ...store,
    box: createPurposeBox(ring, accessKeyPurpose),
    random: randomBytes,
    now: io.now,
  })
  const box = createPurposeBox(ring, mfaDevicePurpose)
  const done = await resealUsers({ keys, devices: createMfaDeviceRecords({ records: store.records, box }) })
  const named = [
    ['access keys', 'rolegate keys list', done.keys],
    ['MFA devices', 'rolegate mfa list', done.devices],
  ] as const
  for (const [what, command, { resealed, unreadable }] of named) {
    if (resealed > 0) io.err(`Sealed anew: ${resealed} ${what}.`)
    if (unreadable > 0)
      io.err(
        `${unreadable} ${what} do not open with this key ring, nor did they before: \`${command}\` names them.`,
      )
  }
  return done.keys.unreadable + done.devices.unreadable
}

async function newSigningKeys(installation: Installation, compromised: boolean, io: Io): Promise<void> {
  const rotated = await rotateIssuerKeys({ ...installationKeys(installation), now: io.now }, { compromised })
  for (const { account, keyIds, signsFrom } of rotated)
    for (const id of keyIds) io.out(`${account}\t${id}\tsigns from ${signsFrom.toISOString()}\n`)
  if (rotated.length === 0) io.err('No account has signing keys yet.')
  else if (compromised)
    io.err(
      'New signing keys sign within a minute; tokens of the old ones end when verifiers ask for the key set again.',
    )
  else
    io.err(
      'New signing keys are published within a minute and sign in an hour; the old ones stay for their tokens.',
    )
}

function installationKeys({ store, ring }: Installation) {
  return { records: store.records, ring }
}
