/**
 * The device authorization grant (RFC 8628): a program without a browser shows a code, a person approves it in the
 * portal, the program polls. A decision is made once (`add`), a token is given once (`take`).
 */
import type { Clock, RandomBytes } from '../fault.js'
import type { Assertion } from '../federation/assertion.js'
import { assertionFromJson, assertionToJson } from '../session/assertion-codec.js'
import type { ExpiringStore } from '../store/expiring-store.js'
import type { Client } from './clients.js'
import type { DeviceGrants, PendingDevice } from './grants.js'
import { hashOf } from './tokens.js'

/** 32 letters and digits that are not mistaken for each other: eight of them are 40 bits (RFC 8628 §5.1). */
const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const lifetimeSeconds = 600
const intervalSeconds = 1

export interface StartedDevice {
  readonly deviceCode: string
  readonly userCode: string
  readonly expiresInSeconds: number
  readonly intervalSeconds: number
}

export type DevicePoll =
  | { readonly status: 'pending' }
  | { readonly status: 'slow-down' }
  | { readonly status: 'expired' }
  | { readonly status: 'denied' }
  | { readonly status: 'approved'; readonly assertion: Assertion }

export interface DeviceAuthorizations extends DeviceGrants {
  start(client: Client, sourceIp: string, scopes: readonly string[]): Promise<StartedDevice>
  poll(client: Client, deviceCode: string): Promise<DevicePoll>
}

interface Stored {
  readonly userCode: string
  readonly client: string
  readonly clientName: string
  readonly sourceIp: string
  readonly scopes: readonly string[]
  readonly requestedAt: number
  readonly expiresAt: number
}

export function createDeviceAuthorizations(deps: {
  readonly store: ExpiringStore
  readonly now: Clock
  readonly random: RandomBytes
}): DeviceAuthorizations {
  const { store, now, random } = deps

  async function read(userCode: string): Promise<{ hash: string; stored: Stored } | undefined> {
    const plain = normalise(userCode)
    if (plain === undefined) return undefined
    const hash = await store.get(`sso:user-code:${plain}`)
    if (hash === undefined) return undefined
    const value = await store.get(`sso:device:${hash}`)
    if (value === undefined || (await store.get(`sso:decision:${hash}`)) !== undefined) return undefined
    return { hash, stored: JSON.parse(value) as Stored }
  }

  async function decide(userCode: string, decision: unknown): Promise<boolean> {
    const found = await read(userCode)
    if (found === undefined) return false
    return store.add(`sso:decision:${found.hash}`, JSON.stringify(decision), new Date(found.stored.expiresAt))
  }

  return {
    async start(client, sourceIp, scopes) {
      const deviceCode = random(32).toString('base64url')
      const hash = hashOf(deviceCode)
      const requestedAt = now().getTime()
      const expiresAt = requestedAt + lifetimeSeconds * 1000
      const until = new Date(expiresAt)
      let plain = drawUserCode(random)
      while (!(await store.add(`sso:user-code:${plain}`, hash, until))) plain = drawUserCode(random)
      const userCode = `${plain.slice(0, 4)}-${plain.slice(4)}`
      const stored: Stored = {
        userCode,
        client: hashOf(client.id),
        clientName: client.name,
        sourceIp,
        scopes,
        requestedAt,
        expiresAt,
      }
      await store.put(`sso:device:${hash}`, JSON.stringify(stored), until)
      return { deviceCode, userCode, expiresInSeconds: lifetimeSeconds, intervalSeconds }
    },

    async poll(client, deviceCode) {
      const hash = hashOf(deviceCode)
      const value = await store.get(`sso:device:${hash}`)
      if (value === undefined) return { status: 'expired' }
      const stored = JSON.parse(value) as Stored
      if (stored.client !== hashOf(client.id)) return { status: 'expired' }
      const decision = await store.get(`sso:decision:${hash}`)
      if (decision === undefined) {
        const spaced = await store.add(
          `sso:poll:${hash}`,
          '',
          new Date(now().getTime() + intervalSeconds * 900),
        )
        return { status: spaced ? 'pending' : 'slow-down' }
      }
      if ((await store.take(`sso:device:${hash}`)) === undefined) return { status: 'expired' }
      const { assertion } = JSON.parse(decision) as { assertion?: unknown }
      return assertion === undefined
        ? { status: 'denied' }
        : { status: 'approved', assertion: assertionFromJson(assertion) }
    },

    async find(userCode): Promise<PendingDevice | undefined> {
      const found = await read(userCode)
      if (found === undefined) return undefined
      const { stored } = found
      return {
        userCode: stored.userCode,
        clientName: stored.clientName,
        sourceIp: stored.sourceIp,
        scopes: stored.scopes,
        requestedAt: new Date(stored.requestedAt),
        expiresAt: new Date(stored.expiresAt),
      }
    },
    approve: (userCode, assertion) => decide(userCode, { assertion: assertionToJson(assertion) }),
    deny: (userCode) => decide(userCode, {}),
  }
}

function drawUserCode(random: RandomBytes): string {
  return Array.from(random(8), (byte) => alphabet[byte & 31]).join('')
}

function normalise(userCode: string): string | undefined {
  const plain = userCode.toUpperCase().replace(/[\s-]/g, '')
  return /^[A-HJ-NP-Z2-9]{8}$/.test(plain) ? plain : undefined
}
