/**
 * Settings that take effect at the next start. A worker that replaces another one starts in the middle of the
 * server's life: it must keep the same store, the same address and the same kind of key ring as the workers beside it,
 * whatever the files say by now.
 */
import type { Config, ServerConfig } from '../config/config.js'
import { settingsFixedAtStart, type LiveConfig } from '../config/live-config.js'

export type FixedSettings = Pick<ServerConfig, (typeof settingsFixedAtStart)[number] | 'keyRing'>

/** Of the process that starts the others. */
export function fixedSettings({ server }: Pick<Config, 'server'>): FixedSettings {
  const names = [...settingsFixedAtStart, 'keyRing'] as const
  const given = names.flatMap((name) => (server[name] === undefined ? [] : [[name, server[name]]]))
  return Object.fromEntries(given) as FixedSettings
}

/** The same configuration, in which those settings never change, and no metrics listener: there is one for all. */
export function withFixedSettings(live: LiveConfig, fixed: FixedSettings): LiveConfig {
  const known = new WeakMap<Config, Config>()
  const kept = (config: Config): Config => {
    const found = known.get(config) ?? { ...config, server: keep(config.server, fixed) }
    known.set(config, found)
    return found
  }
  return {
    ...live,
    current: () => kept(live.current()),
    onChange: (listener) => live.onChange((config, previous) => listener(kept(config), kept(previous))),
  }
}

function keep(server: ServerConfig, fixed: FixedSettings): ServerConfig {
  const { keyRing: atStart, ...others } = fixed
  const { metrics: _metrics, tls: _tls, keyRing: now, ...rest } = server
  const { metrics: _listener, ...kept } = others
  // Another text is followed; whether there is a text or a file is not.
  const keyRing = atStart === undefined ? undefined : (now ?? atStart)
  return { ...rest, ...kept, ...(keyRing === undefined ? {} : { keyRing }) }
}
