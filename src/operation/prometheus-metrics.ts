/** The counters on prom-client. The only importer of prom-client. */
import type { Metrics } from './metrics.js'

export interface PrometheusMetrics extends Metrics {
  readonly contentType: string
  /** Prometheus' text format. */
  render(): Promise<string>
}

const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** A label value makes a series that is never forgotten, and some values come from requests. */
const MAX_VALUES_PER_LABEL = 200

export async function createPrometheusMetrics(): Promise<PrometheusMetrics> {
  const { Counter, Histogram, Registry, collectDefaultMetrics } = await import('prom-client')
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
    contentType: registry.contentType,
    render: () => registry.metrics(),
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
