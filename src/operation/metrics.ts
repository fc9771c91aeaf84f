/** What the rooms count; the Prometheus door implements it, tests may count in memory. */
export interface Metrics {
  /** `rolegate_signins_total{provider,outcome}` */
  signIn(provider: string, outcome: 'success' | 'denied' | 'throttled' | 'unavailable' | 'invalid'): void
  /** `rolegate_sts_requests_total{action,code}`; code is `ok` or the wire's error code. */
  stsRequest(action: string, code: string): void
  /** `rolegate_credentials_issued_total{event}` */
  issued(event: string): void
  /** `rolegate_config_reloads_total{outcome}` */
  configReload(outcome: 'success' | 'failure'): void
  /** `rolegate_audit_records_total{outcome}` */
  auditRecord(outcome: 'written' | 'failed'): void
  /** `rolegate_http_request_seconds{room}` */
  httpRequest(room: string, seconds: number): void
}

/** What is said about revocations; few rooms know of them. */
export interface RevocationMetrics {
  /** `rolegate_revocation_feed_lost`, 0 or 1, and `rolegate_revocation_feed_age_seconds`: since the last word from it. */
  revocationFeed(state: { readonly lost: boolean; readonly ageSeconds: number }): void
  /** `rolegate_revocation_history_lost_total` */
  revocationHistoryLost(): void
  /** `rolegate_revocations_total{type}`: made by this process. */
  revoked(type: string): void
}
