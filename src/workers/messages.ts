/** What the primary process and its workers say to each other. Plain data: it is copied from process to process. */
import type { MetricsSnapshot } from '../operation/prometheus-metrics.js'
import type { FixedSettings } from './fixed-settings.js'
import type { ServingInput } from './serving-input.js'

export type ToWorker =
  /** The first message, once. */
  | { readonly type: 'start'; readonly input: ServingInput; readonly fixed: FixedSettings }
  /** Read the configuration again. */
  | { readonly type: 'reload' }
  /** Finish what is under way, and end. */
  | { readonly type: 'stop' }
  | { readonly type: 'count'; readonly question: number }

export type FromWorker =
  /** It can be told to start. */
  | { readonly type: 'there' }
  | { readonly type: 'listening' }
  /** It cannot serve, and ends. `cause` is for the log. */
  | { readonly type: 'failed'; readonly exitCode: number; readonly reason: string; readonly cause: unknown }
  /** It finishes what is under way and may take this long for it. */
  | { readonly type: 'stopping'; readonly withinMs: number }
  | { readonly type: 'counted'; readonly question: number; readonly snapshot: MetricsSnapshot }
