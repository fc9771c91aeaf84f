/** What every process of one server is started with, and how it comes to its configuration from that. */
import { openLiveConfig } from '../config/live-config.js'
import type { Log } from '../operation/log.js'
import type { Demo } from '../portal/portal-deps.js'

/** Plain data, so that one process can hand it to another. */
export interface ServingInput {
  readonly configDirectory: string
  readonly dataDirectory: string
  readonly certificatesDirectory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** `host:port`, instead of the configured one. */
  readonly listen: string | undefined
  /** What a demonstration that runs elsewhere adds. */
  readonly demo?: {
    readonly overlays: readonly { readonly name: string; readonly text: string }[]
    /** The texts of the folder name one address, and something runs at another. */
    readonly moved: { readonly from: string; readonly to: string }
    readonly page: Demo
  }
}

/** As `openLiveConfig`. */
export function openConfig(input: ServingInput, log: Log): ReturnType<typeof openLiveConfig> {
  const { demo, listen } = input
  return openLiveConfig({
    directory: input.configDirectory,
    dataDirectory: input.dataDirectory,
    certificatesDirectory: input.certificatesDirectory,
    environment: input.environment,
    overrides: listen === undefined ? {} : { listen },
    ...(demo === undefined
      ? {}
      : {
          overlays: demo.overlays,
          rewrite: (text: string) => text.replaceAll(demo.moved.from, demo.moved.to),
        }),
    log,
  })
}
