/**
 * The one place where objects meet: configuration and adapters in, a server out, readable top to bottom. No business
 * rule lives here.
 */
import { randomBytes, randomUUID } from 'node:crypto'
import express from 'express'
import { openSharedState } from './app/shared-state.js'
import { createAuditLog } from './audit/audit-log.js'
import { rememberSessions } from './authentication/known-sessions.js'
import { createAuthorizeRoom } from './authz/authorize-room.js'
import { createRevocationsRoom } from './authz/revocations-room.js'
import { createVerifyRoom } from './authz/verify-room.js'
import type { LiveConfig } from './config/live-config.js'
import { revocationSettings } from './config/revocation-settings.js'
import { createKeyedDigest } from './credentials/keyed-digest.js'
import { createPurposeBox } from './credentials/purpose-box.js'
import { createRevocations } from './credentials/revocation-list.js'
import { createProviders } from './federation/providers.js'
import { createHotServer, type HotServer } from './http/hot-server.js'
import { openIssuer } from './issuer/open-issuer.js'
import { createHealth } from './operation/health.js'
import type { Log } from './operation/log.js'
import { startMetricsServer } from './operation/metrics-server.js'
import { createPrometheusMetrics, type PrometheusMetrics } from './operation/prometheus-metrics.js'
import { createBackchannelLogoutRoom } from './portal/backchannel-logout.js'
import type { Demo } from './portal/portal-deps.js'
import { createPortal } from './portal/portal.js'
import { authorizationMessagePurpose } from './role/authorization-message.js'
import { createConfigDirectory } from './role/config-directory.js'
import { createRoleBroker } from './role/role-broker.js'
import { createRootSessionBroker } from './role/root-session-broker.js'
import { createUserTokenBroker } from './role/user-token-broker.js'
import { createReplayGuard } from './signature/store-replay-guard.js'
import { createPendingSignIns } from './session/pending-sign-in.js'
import { createRoleHistory } from './session/role-history.js'
import { createSignInSessions } from './session/sign-in-session.js'
import { createThrottle } from './session/throttle.js'
import { createClients } from './sso/clients.js'
import { createCodeAuthorizations } from './sso/code-grants.js'
import { createDeviceAuthorizations } from './sso/device-grants.js'
import { createSsoRoom } from './sso/sso-room.js'
import { createTokens } from './sso/tokens.js'
import { followFeed } from './store/feed-follower.js'
import { createStsRoom } from './sts/sts-room.js'
import { openUserRoom } from './user/user-room.js'

export interface App {
  readonly server: HotServer
  readonly metrics: Pick<PrometheusMetrics, 'snapshot'>
  /** Stops taking requests, finishes those under way within the configured time, then closes everything. */
  close(): Promise<void>
}

/** What was revoked or changed anywhere counts here within a second. */
const feedIntervalMs = 300
/** Whose credentials are kept open for the next call: few people revoke. */
const rememberedCallers = 50

export async function buildApp(options: {
  readonly live: LiveConfig
  readonly dataDirectory: string
  readonly log: Log
  readonly demo?: Demo
}): Promise<App> {
  const { live, dataDirectory, log, demo } = options
  const now = () => new Date()
  const config = () => live.current()
  const server = () => config().server
  const shared = { now, random: randomBytes, randomUuid: randomUUID, log }

  const metrics = await createPrometheusMetrics()
  live.countWith(metrics)
  const { store, ring, agreement, credentials } = await openSharedState({ live, dataDirectory, now, log })
  const audit = await createAuditLog({ ...server().audit, now, log, metrics })

  const providers = createProviders({ ...shared, store, publicUrl: server().publicUrl })
  await providers.apply(config().providers)
  let directory = createConfigDirectory(config())
  live.onChange(async (changed) => {
    await providers.apply(changed.providers)
    directory = createConfigDirectory(changed)
  })

  const follower = followFeed({ feed: store.feed, now, intervalMs: feedIntervalMs, log })
  const users = await openUserRoom({
    ...shared,
    store,
    ring,
    follower,
    async isLatestRing() {
      await agreement?.check()
      return agreement === undefined || agreement.standing().state === 'agreed'
    },
    isAccount: (account) => directory.account(account) !== undefined,
    issuer: () => server().branding.name,
  })

  const revocations = await createRevocations({
    ...shared,
    feed: store.feed,
    follower,
    metrics,
    settings: () => revocationSettings(config()),
  })

  const issuer = await openIssuer({
    ...shared,
    records: store.records,
    ring,
    ringState: () => agreement?.standing().state ?? 'agreed',
    publicUrl: () => server().publicUrl,
    settings: () => server().webIdentityTokens,
    isAccount: (id) => directory.account(id)?.id === id,
  })

  const issuing = {
    ...shared,
    directory: () => directory,
    limits: () => server().sts,
    credentials,
    audit,
    metrics,
  }
  const broker = createRoleBroker(issuing)
  const replayGuard = createReplayGuard(store)
  const replay = () => (server().sts.replayProtection ? replayGuard : undefined)
  const throttle = createThrottle(store, server().throttle, now)

  const clients = createClients({
    ids: createPurposeBox(ring, 'sso-client-id', { longUse: true }),
    secrets: createPurposeBox(ring, 'sso-client-secret', { longUse: true }),
    now,
  })
  const devices = createDeviceAuthorizations({ ...shared, store })
  const codes = createCodeAuthorizations({ ...shared, store, clients })
  const tokens = createTokens({ ...shared, store, revocations })

  const authorizationMessages = createPurposeBox(ring, authorizationMessagePurpose)
  const sts = createStsRoom({
    ...shared,
    broker,
    userTokens: createUserTokenBroker(issuing),
    rootSessions: createRootSessionBroker(issuing),
    authorizationMessages,
    issuer: issuer.tokens,
    mfa: users.mfa,
    credentials,
    directory: () => directory,
    providers: providers.list,
    audit,
    metrics,
    settings: () => ({ ...server().sts, publicHosts: server().publicHosts }),
    throttle,
    keys: users.keys,
    revocations,
    replay,
  })
  const sso = createSsoRoom({
    ...shared,
    clients,
    devices,
    codes,
    tokens,
    revocations,
    broker,
    directory: () => directory,
    audit,
    settings: () => ({ publicUrl: server().publicUrl, cliSeconds: server().sessions.cliSeconds }),
  })
  const called = {
    ...shared,
    keys: users.keys,
    revocations,
    replay,
    directory: () => directory,
    settings: () => ({ ...server().sts, publicHosts: server().publicHosts }),
    audit,
  }
  const revoking = createRevocationsRoom({
    ...called,
    singleUse: replayGuard,
    sessions: rememberSessions(credentials, rememberedCallers),
    deleteKey: (accessKeyId) => users.deleteKey(accessKeyId),
    providers: providers.list,
  })
  const judging = { ...called, sessions: rememberSessions(credentials) }
  const authorizing = createAuthorizeRoom({ ...judging, authorizationMessages })
  const verifying = createVerifyRoom({ ...judging, services: () => server().services })
  const backchannelLogout = createBackchannelLogoutRoom({
    ...shared,
    providers: providers.list,
    revocations,
    audit,
  })
  let draining = false
  const probe = createPurposeBox(ring, 'readiness')
  const health = createHealth({
    checks: {
      store: {
        check: () => store.ping(),
        // What is known in memory serves, unless every signed request asks the store.
        isDispensable: () => follower.heardAt() !== undefined && !server().sts.replayProtection,
      },
      keys: async () => {
        if (probe.open(probe.seal('ready')) !== 'ready')
          throw new Error('the key ring does not open what it sealed')
        await agreement?.ready()
        return ring.trouble()
      },
      // The last good one is in force, so a refused reload is said and is no reason to send requests elsewhere.
      configuration: async () => live.trouble(),
      audit: () => audit.works(),
      revocations: () => revocations.works(),
    },
    draining: () => draining,
  })

  const application = express()
  const hot = createHotServer({
    ...shared,
    rooms: [sts, verifying, authorizing, sso, revoking, backchannelLogout, issuer.room, health],
    application,
    trustedProxies: server().trustedProxies,
    metrics,
    ...(server().tls === undefined ? {} : { tls: server().tls }),
  })
  application.disable('x-powered-by')
  application.use(
    createPortal({
      ...shared,
      settings: server,
      providers: providers.list,
      directory: () => directory,
      broker,
      sessions: createSignInSessions({ ...shared, store, revocations }),
      pending: createPendingSignIns({ ...shared, store }),
      history: createRoleHistory({ ...shared, store }),
      throttle,
      devices,
      codes,
      ownDevices: users.ownDevices,
      audit,
      metrics,
      originOf: hot.originOf,
      nameDigest: createKeyedDigest(ring, 'user-name'),
      ...(demo === undefined ? {} : { demo }),
    }),
  )
  const metricsAddress = server().metrics
  const exporter = metricsAddress && (await startMetricsServer({ ...metricsAddress, metrics, log }))

  return {
    server: hot,
    metrics,
    async close() {
      draining = true
      await hot.close(server().shutdownSeconds * 1000)
      await exporter?.close()
      live.close()
      agreement?.close()
      ring.close()
      await providers.close()
      users.close()
      issuer.close()
      revocations.close()
      await follower.close()
      await audit.close()
      await store.close()
    },
  }
}
