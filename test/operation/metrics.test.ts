import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startMetricsServer, type MetricsServer } from '../../src/operation/metrics-server.js'
import { createPrometheusMetrics, type PrometheusMetrics } from '../../src/operation/prometheus-metrics.js'
import { keptLog } from '../support/silent-log.js'

describe('the metrics', () => {
  let metrics: PrometheusMetrics
  beforeAll(async () => {
    metrics = await createPrometheusMetrics()
  })

  it('count what happened, by label', async () => {
    metrics.signIn('corp', 'success')
    metrics.signIn('corp', 'success')
    metrics.signIn('corp', 'denied')
    metrics.stsRequest('AssumeRole', 'ok')
    metrics.issued('AssumeRole')
    metrics.configReload('failure')
    metrics.auditRecord('written')
    metrics.httpRequest('sts', 0.002)
    metrics.revocationFeed({ lost: true, ageSeconds: 7 })
    metrics.revocationHistoryLost()
    metrics.revoked('role')
    const text = await metrics.render()
    expect(text.split('\n')).toEqual(
      expect.arrayContaining([
        'rolegate_signins_total{provider="corp",outcome="success"} 2',
        'rolegate_signins_total{provider="corp",outcome="denied"} 1',
        'rolegate_sts_requests_total{action="AssumeRole",code="ok"} 1',
        'rolegate_credentials_issued_total{event="AssumeRole"} 1',
        'rolegate_config_reloads_total{outcome="failure"} 1',
        'rolegate_config_reloads_total{outcome="success"} 0',
        'rolegate_audit_records_total{outcome="written"} 1',
        'rolegate_audit_records_total{outcome="failed"} 0',
        'rolegate_revocation_feed_lost 1',
        'rolegate_revocation_feed_age_seconds 7',
        'rolegate_revocation_history_lost_total 1',
        'rolegate_revocations_total{type="role"} 1',
        'rolegate_http_request_seconds_bucket{le="0.0025",room="sts"} 1',
        'rolegate_http_request_seconds_count{room="sts"} 1',
      ]),
    )
    expect(text).toContain('process_cpu_seconds_total')
    expect(text).toContain('nodejs_eventloop_lag_seconds')
  })

  it('stay bounded when a label comes from strangers, and cannot be broken out of', async () => {
    const own = await createPrometheusMetrics()
    const before = (await own.render()).split('\n').length
    for (let n = 0; n < 5_000; n++) own.stsRequest(`Action${n}`, 'InvalidAction')
    own.stsRequest('a"} 1\nrolegate_forged 1\n#', 'InvalidAction')
    own.stsRequest('x'.repeat(10_000), 'InvalidAction')
    const text = await own.render()
    expect(text.split('\n').length - before).toBeLessThan(250)
    expect(text).toMatch(/action="other",code="InvalidAction"\} 48\d\d/)
    expect(text).not.toMatch(/^rolegate_forged/m)
  })

  it('of two instances do not mix', async () => {
    const [one, two] = [await createPrometheusMetrics(), await createPrometheusMetrics()]
    one.issued('AssumeRole')
    expect(await two.render()).not.toContain('rolegate_credentials_issued_total{')
  })
})

describe('the metrics listener', () => {
  let server: MetricsServer
  beforeAll(async () => {
    const metrics = await createPrometheusMetrics()
    server = await startMetricsServer({ host: '127.0.0.1', port: 0, metrics, log: keptLog() })
  })
  afterAll(() => server.close())

  const ask = (method: string, path: string) =>
    new Promise<{ status: number | undefined; type: string | undefined; body: string }>((resolve, reject) => {
      const sent = request({ port: server.port, host: '127.0.0.1', method, path }, (response) => {
        let body = ''
        response.on('data', (part: Buffer) => (body += part.toString()))
        response.on('end', () =>
          resolve({ status: response.statusCode, type: response.headers['content-type'], body }),
        )
      })
      sent.on('error', reject).end()
    })

  it('answers GET /metrics in Prometheus’ text format', async () => {
    const { status, type, body } = await ask('GET', '/metrics')
    expect(status).toBe(200)
    expect(type).toMatch(/^text\/plain; version=0\.0\.4/)
    expect(body).toContain('# TYPE rolegate_signins_total counter')
    expect((await ask('GET', '/metrics?x=1')).status).toBe(200)
    expect(await ask('HEAD', '/metrics')).toMatchObject({ status: 200, body: '' })
  })

  it.each([
    ['GET', '/', 404],
    ['GET', '/metrics/', 404],
    ['GET', '/%6Detrics', 404],
    ['GET', '/debug', 404],
    ['POST', '/metrics', 405],
    ['DELETE', '/metrics', 405],
  ])('answers %s %s with %i', async (method, path, status) => {
    expect(await ask(method, path)).toMatchObject({ status, body: '' })
  })

  it('says when it cannot listen', async () => {
    const metrics = await createPrometheusMetrics()
    const taken = startMetricsServer({ host: '127.0.0.1', port: server.port, metrics, log: keptLog() })
    await expect(taken).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})
