/**
 * Users' MFA devices in the store, with their secrets sealed. Which codes count is `mfa-verification.ts`; how a device
 * gets here is `mfa-enrolment.ts`.
 */
import type { PurposeBox } from '../credentials/purpose-box.js'
import type { RecordStore } from '../store/record-store.js'
import { createSealedDocuments, type Resealing, type UserItem } from './sealed-documents.js'

export interface MfaDevice {
  readonly userArn: string
  /** Of the user when the device was enrolled: who is declared again under another id is another one. */
  readonly userId: string
  readonly serialNumber: string
  readonly enabledAt: Date
  readonly secret: Buffer
}

export interface StoredDevice {
  readonly userArn: string
  readonly serialNumber: string
  /** Absent: sealed under a key that the ring does not have any more, or tampered with. */
  readonly device?: MfaDevice
}

export interface MfaDeviceRecords {
  /** In the order of their enrolment. */
  of(userArn: string): Promise<readonly StoredDevice[]>
  all(): Promise<readonly StoredDevice[]>
  /**
   * Takes the place of one that cannot be opened, or that a former user of this name had.
   * @returns why nothing was changed, or `added`.
   */
  add(device: MfaDevice): Promise<'added' | 'exists' | 'full'>
  /** @returns false when the user has no such device. */
  remove(userArn: string, serialNumber: string): Promise<boolean>
  /** As that of access keys. */
  reseal(): Promise<Resealing>
}

/** What the purpose box of the devices is made for. */
export const mfaDevicePurpose = 'user-mfa-device'
/** As at AWS. */
export const devicesPerUser = 8

export function createMfaDeviceRecords(deps: {
  readonly records: RecordStore
  /** Of the purpose `mfaDevicePurpose`. */
  readonly box: PurposeBox
}): MfaDeviceRecords {
  const documents = createSealedDocuments({ ...deps, prefix: 'user.mfa:' })
  return {
    of: async (userArn) => (await documents.of(userArn)).map(storedDevice),

    all: async () => (await documents.all()).map(storedDevice),

    async add(device) {
      const item = itemOf(device)
      const outcome = await documents.change<'added' | 'exists' | 'full'>(device.userArn, (items) => {
        const before = items.find(({ id }) => id === item.id)
        // Ours already, when an answer was lost on its way and the write was sent twice.
        if (before?.content === item.content) return { made: 'added' }
        if (before !== undefined) {
          const isOthers = storedDevice(before).device?.userId !== device.userId
          return isOthers ? { put: item, made: 'added' } : { made: 'exists' }
        }
        return items.length < devicesPerUser ? { put: item, made: 'added' } : { made: 'full' }
      })
      return outcome ?? 'exists'
    },

    async remove(userArn, serialNumber) {
      const gone = await documents.change(userArn, (items) =>
        items.some(({ id }) => id === serialNumber) ? { drop: serialNumber, made: true } : undefined,
      )
      return gone === true
    },

    reseal: () => documents.reseal(),
  }
}

function itemOf(device: MfaDevice): { readonly id: string; readonly content: string } {
  const { userId, enabledAt, secret } = device
  const content = { userId, enabledAt: enabledAt.toISOString(), secret: secret.toString('base64') }
  return { id: device.serialNumber, content: JSON.stringify(content) }
}

function storedDevice({ id, userArn, content }: UserItem): StoredDevice {
  const stored = { userArn, serialNumber: id }
  if (content === undefined) return stored
  const { userId, enabledAt, secret } = JSON.parse(content) as Record<
    'userId' | 'enabledAt' | 'secret',
    string
  >
  return {
    ...stored,
    device: { ...stored, userId, enabledAt: new Date(enabledAt), secret: Buffer.from(secret, 'base64') },
  }
}
