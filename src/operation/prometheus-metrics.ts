/** The counters on prom-client. The only importer of prom-client. */
import type { Metrics, RevocationMetrics } from './metrics.js'

export interface PrometheusMetrics extends Metrics, RevocationMetrics {
  readonly contentType: string
  /** Prometheus' text format. */
  render(): Promise<string>
  /** All values, for a process that adds them to those of others. */
  snapshot(): Promise<MetricsSnapshot>
}

/** Plain data, which survives the way to another process. */
export type MetricsSnapshot = readonly {
  readonly type: string | number
  readonly name: string
  readonly aggregator?: string
}[]

/** Of the process that starts the others and serves nothing itself. */
export interface WorkerMetrics {
  /** `rolegate_workers` */
  workersListening(count: number): void
  /** `rolegate_worker_ends_total`: of those that nobody told to end. */
  workerEnded(): void
  readonly contentType: string
  /** Its own values and the others', added up where that has a meaning. */
  render(snapshots: readonly MetricsSnapshot[]): Promise<string>
  /** What can be added to what others count later, when those who counted it are gone. */
  countsOf(snapshots: readonly MetricsSnapshot[]): Promise<MetricsSnapshot>
}

const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** A label value makes a series that is never forgotten, and some values come from requests. */
const MAX_VALUES_PER_LABEL = 200

export async function createPrometheusMetrics(): Promise<PrometheusMetrics> {
  const { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } = await import('prom-client')
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })

  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name, help, labelNames: [...labelNames], registers })
  const signIns = counter('rolegate_signins_total', 'Sign-ins by provider and outcome', [
    'provider',
    'outcome',
  ])
  const stsRequests = counter('rolegate_sts_requests_total', 'STS requests by action and answer', [
    'action',
    'code',
  ])
  const issued = counter('rolegate_credentials_issued_total', 'Credentials issued by event', ['event'])
  const reloads = counter('rolegate_config_reloads_total', 'Configuration reloads by outcome', ['outcome'])
  const auditRecords = counter('rolegate_audit_records_total', 'Audit records by outcome', ['outcome'])
  const revocations = counter('rolegate_revocations_total', 'Revocations made by this process', ['type'])
  const historiesLost = counter(
    'rolegate_revocation_history_lost_total',
    'Times that the feed of revocations may have lost entries, and what is known was told again',
    [],
  )
  // Of several processes the one that is worst off: a sum of ages would be nobody's.
  const gauge = (name: string, help: string) => new Gauge({ name, help, aggregator: 'max', registers })
  const feedLost = gauge(
    'rolegate_revocation_feed_lost',
    '1 while revocations are not heard of, so that some may be missing',
  )
  const feedAge = gauge(
    'rolegate_revocation_feed_age_seconds',
    'Time since this process heard all revocations',
  )
  const requests = new Histogram({
    name: 'rolegate_http_request_seconds',
    help: 'Time from a complete request to its answer, by room',
    labelNames: ['room'],
    buckets: REQUEST_SECONDS,
    registers,
  })
  // A series that appears only with its first event hides that event from rate().
  for (const outcome of ['success', 'failure']) reloads.inc({ outcome }, 0)
  for (const outcome of ['written', 'failed']) auditRecords.inc({ outcome }, 0)

  const provider = bounded()
  const action = bounded()
  const code = bounded()
  const event = bounded()
  return {
    signIn: (name, outcome) => signIns.inc({ provider: provider(name), outcome }),
    stsRequest: (name, answer) => stsRequests.inc({ action: action(name), code: code(answer) }),
    issued: (name) => issued.inc({ event: event(name) }),
    configReload: (outcome) => reloads.inc({ outcome }),
    auditRecord: (outcome) => auditRecords.inc({ outcome }),
    httpRequest: (room, seconds) => requests.observe({ room }, seconds),
    revocationFeed({ lost, ageSeconds }) {
      feedLost.set(lost ? 1 : 0)
      feedAge.set(ageSeconds)
    },
    revocationHistoryLost: () => historiesLost.inc(),
    revoked: (type) => revocations.inc({ type }),
    contentType: registry.contentType,
    render: () => registry.metrics(),
    snapshot: () => registry.getMetricsAsJSON(),
  }
}

export async function createWorkerMetrics(): Promise<WorkerMetrics> {
  const { AggregatorRegistry, Counter, Gauge, Registry } = await import('prom-client')
  const registry = new Registry()
  const registers = [registry]
  const workers = new Gauge({ name: 'rolegate_workers', help: 'Worker processes that serve', registers })
  const ends = new Counter({
    name: 'rolegate_worker_ends_total',
    help: 'Worker processes that ended without being told to, and were replaced',
    registers,
  })
  // Of the server; those of its workers are left out of the sum.
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'Start time of the process since unix epoch in seconds.',
    aggregator: 'first',
    registers,
  }).set(Math.round(performance.timeOrigin / 1000))

  const sum = (snapshots: readonly MetricsSnapshot[]) => AggregatorRegistry.aggregate([...snapshots])
  return {
    workersListening: (count) => workers.set(count),
    workerEnded: () => ends.inc(),
    contentType: registry.contentType,
    render: async (snapshots) => sum([await registry.getMetricsAsJSON(), ...snapshots]).metrics(),
    async countsOf(snapshots) {
      const all: MetricsSnapshot = await sum(snapshots).getMetricsAsJSON()
      return all.filter(({ type }) => type === 'counter' || type === 'histogram')
    },
  }
}

/** Lets the first values through and calls every later one `other`. */
function bounded(): (value: string) => string {
  const known = new Set<string>()
  return (value) => {
    const label = value.slice(0, 64)
    if (known.has(label)) return label
    if (known.size >= MAX_VALUES_PER_LABEL) return 'other'
    known.add(label)
    return label
  }
}
