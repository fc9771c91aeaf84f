import { describe, expect, it } from '@jest/globals'
import type { Config, ServerConfig } from '../../src/config/config.js'
import type { LiveConfig } from '../../src/config/live-config.js'
import { fixedSettings, withFixedSettings } from '../../src/workers/fixed-settings.js'

const atStart = {
  publicUrl: 'http://127.0.0.1:8080',
  listen: { host: '127.0.0.1', port: 8080 },
  trustedProxies: [],
  workers: 2,
  store: { type: 'embedded' },
  audit: { file: '/a', stdout: false },
  metrics: { host: '127.0.0.1', port: 9090 },
  throttle: { attempts: 10, windowSeconds: 900 },
  log: { level: 'info' },
  shutdownSeconds: 10,
} as unknown as ServerConfig
const now = {
  ...atStart,
  publicUrl: 'https://other.example',
  listen: { host: '0.0.0.0', port: 443 },
  tls: { certificate: 'c', key: 'k' },
  store: { type: 'redis' },
  metrics: { host: '127.0.0.1', port: 9999 },
  workers: 8,
  keyRing: 'text',
  shutdownSeconds: 30,
} as unknown as ServerConfig

const configOf = (server: ServerConfig) => ({ server }) as unknown as Config

function liveOf(server: ServerConfig) {
  let current = configOf(server)
  let tell = (_now: Config, _before: Config): unknown => undefined
  const live = {
    current: () => current,
    onChange(listener) {
      tell = listener
      return () => undefined
    },
  } as Partial<LiveConfig> as LiveConfig
  const change = (next: ServerConfig): void => {
    const before = current
    current = configOf(next)
    tell(current, before)
  }
  return { live, change }
}

describe('a worker that starts later than the server', () => {
  const { live } = liveOf(now)
  const { server } = withFixedSettings(live, fixedSettings(configOf(atStart))).current()

  it('keeps what takes effect at the next start, whatever the files say by now', () => {
    const { metrics: _metrics, ...kept } = atStart
    expect(server).toEqual({ ...kept, shutdownSeconds: 30 })
  })

  it('has no metrics listener of its own', () => {
    expect(server.metrics).toBeUndefined()
  })
})

describe('the key ring of such a worker', () => {
  const ringOf = (before: string | undefined, after: string | undefined) => {
    const withRing = (server: ServerConfig, keyRing: string | undefined): ServerConfig => {
      const { keyRing: _none, ...rest } = server
      return keyRing === undefined ? rest : { ...rest, keyRing }
    }
    const fixed = fixedSettings(configOf(withRing(atStart, before)))
    return withFixedSettings(liveOf(withRing(now, after)).live, fixed).current().server.keyRing
  }

  it.each([
    ['another text', 'one', 'two', 'two'],
    ['no text any more', 'one', undefined, 'one'],
    ['a text now', undefined, 'two', undefined],
    ['a file all along', undefined, undefined, undefined],
  ])('%s', (_name, before, after, expected) => {
    expect(ringOf(before, after)).toBe(expected)
  })
})

describe('a reload in a worker', () => {
  it('is told with both configurations in that form, each of them one value', () => {
    const { live, change } = liveOf(atStart)
    const fixed = withFixedSettings(live, fixedSettings(configOf(atStart)))
    const before = fixed.current()
    const told: Config[][] = []
    fixed.onChange((...configs) => void told.push(configs))
    change(now)
    expect(told[0]?.[0]).toBe(fixed.current())
    expect(told[0]?.[1]).toBe(before)
    expect(fixed.current().server.publicUrl).toBe(atStart.publicUrl)
  })
})
