/**
 * `rolegate mfa enable|list|disable`: users' virtual MFA devices. A device is kept only after two codes that follow one
 * another have shown that the app has its secret. Every change is written into the audit record.
 */
import { randomBytes } from 'node:crypto'
import { createPurposeBox } from '../credentials/purpose-box.js'
import {
  createMfaDeviceRecords,
  devicesPerUser,
  mfaDevicePurpose,
  type MfaDeviceRecords,
  type StoredDevice,
} from '../user/mfa-device-records.js'
import {
  createMfaEnrolment,
  serialNumberOf,
  type Enrolment,
  type EnrolmentOutcome,
} from '../user/mfa-enrolment.js'
import { createMfaUsedCodes } from '../user/mfa-used-codes.js'
import { qrCodeText } from '../user/qr-code.js'
import { secretFromText, secretText } from '../user/totp.js'
import type { User } from '../user/user.js'
import type { AccessKeyIo } from './access-keys.js'
import { withInstallation, type Installation, type InstallationFolders } from './installation.js'
import { namedUser } from './named-user.js'
import { readPiped } from './password-prompt.js'
import { agrees, createQuestions } from './question.js'
import { CommandError, exitCodes, type ExitCode } from './terminal.js'

interface DeviceChoice {
  readonly user: string
  readonly account?: string
  /** Of the device; empty for the one that is named after the user. */
  readonly name: string
}

export interface EnableOptions extends DeviceChoice {
  /** Read the secret, made elsewhere, from standard input, instead of making one. */
  readonly secretStdin: boolean
  /** Two codes that follow one another, instead of asking for them. */
  readonly codes?: readonly [string, string]
  readonly qr: boolean
}

export function enableDevice(
  folders: InstallationFolders,
  options: EnableOptions,
  io: AccessKeyIo,
): Promise<ExitCode> {
  const { secretStdin, codes } = options
  if (secretStdin !== (codes !== undefined))
    throw new CommandError(
      exitCodes.usage,
      '--secret-stdin and --codes go together: codes can be known beforehand only of a secret that is known beforehand',
    )
  return withInstallation(folders, io, async (installation) => {
    const user = namedUser(installation.config, options.user, options.account)
    await installation.requireAgreement()
    const { devices, enrolment } = roomsOf(installation, io)
    const given = secretStdin ? await pipedSecret(io) : undefined
    const begun = enrolment.begin(user, options.name, given)
    await requireRoom(devices, user, begun)
    if (given === undefined) showSecret(begun, options.qr, io)
    const pair = codes ?? (await askForCodes(io))
    const outcome = await enrolment.confirm(user, begun, pair)
    if (outcome !== 'enabled') throw new CommandError(exitCodes.failed, refusals[outcome])
    const { serialNumber } = begun
    try {
      await record(installation, 'CreateVirtualMFADevice', user.arn, serialNumber, {
        virtualMFADevice: { serialNumber },
      })
      await record(installation, 'EnableMFADevice', user.arn, serialNumber)
    } catch (cause) {
      await devices.remove(user.arn, serialNumber)
      throw cause
    }
    io.out(`${serialNumber}\n`)
    io.err(`Enabled for \`${user.arn}\`. Each code counts once; the two that you gave are used up.`)
    return exitCodes.ok
  })
}

/** One line per device, separated by tabs: serial number, day of its enrolment, user, what keeps it from working. */
export function listDevices(
  folders: InstallationFolders,
  options: { readonly user?: string; readonly account?: string; readonly json: boolean },
  io: AccessKeyIo,
): Promise<ExitCode> {
  return withInstallation(folders, io, async (installation) => {
    const { config } = installation
    const all = await roomsOf(installation, io).devices.all()
    const arn =
      options.user === undefined ? undefined : userArnAmong(all, config, { ...options, user: options.user })
    const shown = all
      .filter(({ userArn }) => arn === undefined || userArn === arn)
      .toSorted((a, b) => (a.serialNumber < b.serialNumber ? -1 : 1))
    if (options.json) {
      const list = shown.map(({ serialNumber, userArn, device }) => ({
        UserName: userArn.slice(userArn.lastIndexOf('/') + 1),
        SerialNumber: serialNumber,
        ...(device === undefined ? {} : { EnableDate: device.enabledAt.toISOString() }),
        UserArn: userArn,
      }))
      io.out(`${JSON.stringify({ MFADevices: list }, null, 2)}\n`)
      return exitCodes.ok
    }
    for (const stored of shown) {
      const day = stored.device?.enabledAt.toISOString().slice(0, 10) ?? '-'
      const trouble = troubleOf(stored, config)
      const columns = [stored.serialNumber, day, stored.userArn, ...(trouble === undefined ? [] : [trouble])]
      io.out(`${columns.join('\t')}\n`)
    }
    return exitCodes.ok
  })
}

export function disableDevice(
  folders: InstallationFolders,
  options: DeviceChoice & { readonly yes: boolean },
  io: AccessKeyIo,
): Promise<ExitCode> {
  return withInstallation(folders, io, async (installation) => {
    const { devices } = roomsOf(installation, io)
    const stored = await chosenDevice(await devices.all(), installation.config, options)
    const { userArn, serialNumber } = stored
    if (!options.yes) {
      if (io.input.isTTY !== true) throw new CommandError(exitCodes.usage, 'no terminal to ask at: use --yes')
      if (!(await agrees(io.input, io.show, `Disable ${serialNumber}? Its codes never count again.`)))
        throw new CommandError(exitCodes.failed, 'given up')
    }
    if (!(await devices.remove(userArn, serialNumber))) throw noDevice(options.user)
    await record(installation, 'DeactivateMFADevice', userArn, serialNumber)
    io.err(`Disabled ${serialNumber}.`)
    return exitCodes.ok
  })
}

const refusals: Readonly<Record<Exclude<EnrolmentOutcome, 'enabled'>, string>> = {
  'wrong-codes':
    'these are not two codes of this device, one right after the other: look at the clock of the phone and of this machine, wait for a new code and run this again',
  exists: 'the user has a device of this name: disable it first, or give another --name',
  full: `the user has ${String(devicesPerUser)} devices, which is the most: disable one first`,
}

function roomsOf({ store, ring, config }: Installation, { now }: AccessKeyIo) {
  const box = createPurposeBox(ring, mfaDevicePurpose)
  const devices = createMfaDeviceRecords({ records: store.records, box })
  const used = createMfaUsedCodes(store, now)
  const issuer = () => config.server.branding.name
  return { devices, enrolment: createMfaEnrolment({ devices, used, issuer, random: randomBytes, now }) }
}

/** Before a person scans a code for nothing; what happens meanwhile is found out at the end. */
async function requireRoom(
  devices: MfaDeviceRecords,
  user: User,
  { serialNumber }: Enrolment,
): Promise<void> {
  const present = await devices.of(user.arn)
  if (present.some((one) => one.serialNumber === serialNumber && one.device?.userId === user.id))
    throw new CommandError(exitCodes.failed, refusals.exists)
  if (present.length >= devicesPerUser) throw new CommandError(exitCodes.failed, refusals.full)
}

/** To standard error, where a person looks: what is on standard output ends up in files. */
function showSecret({ secret, uri, serialNumber }: Enrolment, qr: boolean, io: AccessKeyIo): void {
  const colours = io.input.isTTY === true
  if (qr) io.err(qrCodeText(uri, { colours }))
  io.err(`Scan this with an authenticator app, or type in: ${spaced(secretText(secret))}`)
  io.err(`It is for ${serialNumber} and is shown this once. Then give two codes, one after the other.`)
}

async function askForCodes(io: AccessKeyIo): Promise<readonly [string, string]> {
  const questions = createQuestions(io.input, io.show)
  try {
    const first = await questions.ask('First code: ')
    const second =
      first === undefined ? undefined : await questions.ask('Next code, up to 30 seconds later: ')
    if (first === undefined || second === undefined)
      throw new CommandError(exitCodes.failed, 'given up: nothing is enabled')
    return [withoutBlanks(first), withoutBlanks(second)]
  } finally {
    questions.close()
  }
}

async function pipedSecret({ input }: AccessKeyIo): Promise<Buffer> {
  const secret = secretFromText((await readPiped(input)) ?? '')
  if (secret === undefined)
    throw new CommandError(
      exitCodes.usage,
      'standard input is no secret of an MFA device: base32 of 16 to 64 bytes, better of 20',
    )
  return secret
}

/** Users that are not configured any more are known by the ARN that their devices have. */
function userArnAmong(
  all: readonly StoredDevice[],
  config: Installation['config'],
  choice: Omit<DeviceChoice, 'name'>,
): string {
  return all.some(({ userArn }) => userArn === choice.user)
    ? choice.user
    : namedUser(config, choice.user, choice.account).arn
}

async function chosenDevice(
  all: readonly StoredDevice[],
  config: Installation['config'],
  choice: DeviceChoice,
): Promise<StoredDevice> {
  const arn = userArnAmong(all, config, choice)
  const own = all.filter(({ userArn }) => userArn === arn)
  const user = config.users.find((one) => one.arn === arn)
  const wanted = own.filter(({ serialNumber }) =>
    user === undefined
      ? choice.name === '' || serialNumber.endsWith(`/${choice.name}`)
      : serialNumber === serialNumberOf(user, choice.name),
  )
  const [device] = wanted
  if (device !== undefined && wanted.length === 1) return device
  if (own.length === 0) throw noDevice(choice.user)
  throw new CommandError(
    exitCodes.failed,
    `\`${choice.user}\` has ${own.map(({ serialNumber }) => `\`${serialNumber}\``).join(', ')}: say which one with --name`,
  )
}

function noDevice(user: string): CommandError {
  return new CommandError(exitCodes.failed, `\`${user}\` has no MFA device`)
}

function troubleOf({ device, userArn }: StoredDevice, config: Installation['config']): string | undefined {
  if (device === undefined) return 'the key ring does not open it: disable it and enable another one'
  const user = config.users.find(({ arn }) => arn === userArn)
  if (user === undefined) return 'not accepted: the user is not configured'
  return user.id === device.userId ? undefined : 'not accepted: it belongs to an earlier user of this name'
}

function record(
  installation: Installation,
  eventName: string,
  userArn: string,
  serialNumber: string,
  responseElements: Readonly<Record<string, unknown>> | null = null,
): Promise<void> {
  const account = userArn.split(':')[4] ?? ''
  return installation.record({
    eventSource: 'iam.amazonaws.com',
    eventName,
    requestParameters: { userName: userArn.slice(userArn.lastIndexOf('/') + 1), serialNumber },
    responseElements,
    resources: [{ ARN: userArn, accountId: account, type: 'AWS::IAM::User' }],
    recipientAccountId: account,
  })
}

function spaced(text: string): string {
  return text.replace(/(.{4})(?=.)/g, '$1 ')
}

function withoutBlanks(code: string): string {
  return code.replace(/\s/g, '')
}
