/** `store:` of `rolegate.yaml`: nodes taken apart, the password fetched, Redis over an open network refused. */
import type * as z from 'zod'
import type { ServerConfig } from './config.js'
import { given } from './given.js'
import { isLoopback } from './loopback.js'
import { certificateAuthorities } from './pem-files.js'
import { within, type Place } from './place.js'
import type { Reading } from './reading.js'
import type { serverFile } from './schema/server.js'
import { hostAndPort, type HostAndPort } from './web-address.js'

/** @returns undefined when something was reported. */
export async function storeSettings(
  store: z.output<typeof serverFile>['store'],
  place: Place,
  reading: Reading,
): Promise<ServerConfig['store'] | undefined> {
  if (store.type === 'embedded') return { type: 'embedded' }
  const { findings } = reading
  const nodes: HostAndPort[] = []
  for (const [i, written] of store.nodes.entries()) {
    const address = reading.address(written, within(place, 'nodes', i))
    if (address === undefined) continue
    const node = hostAndPort(address, store.mode === 'sentinel' ? 26_379 : 6379)
    if (node === undefined) findings.problem(within(place, 'nodes', i), 'must be `host:port`')
    else nodes.push(node)
  }
  const spoiled = (name: string) => findings.spoiled(within(place, name))
  if (store.mode === 'single' && store.nodes.length > 1 && !spoiled('mode')) {
    findings.problem(within(place, 'nodes'), 'has several nodes: set `mode` to `sentinel` or `cluster`')
  }
  if (store.mode === 'sentinel' && store.sentinelName === undefined) {
    findings.problem(
      within(place, 'sentinelName'),
      'is missing: `mode: sentinel` needs the name of the master',
    )
  }
  if (store.mode === 'cluster' && store.database !== 0) {
    findings.problem(within(place, 'database'), 'must be 0: a cluster has one database')
  }

  const remote = nodes.some(({ host }) => !isLoopback(host))
  if (remote && store.password === undefined) {
    findings.problem(within(place, 'password'), 'is missing: Redis beyond loopback needs one')
  }
  if (remote && !store.tls && !store.insecureAllowPlaintext && !spoiled('insecureAllowPlaintext')) {
    findings.problem(
      within(place, 'tls'),
      'must be true beyond loopback, unless `insecureAllowPlaintext: true`',
    )
  }
  if (store.insecureAllowPlaintext)
    reading.insecure.push(`${place.source.file}: store.insecureAllowPlaintext`)

  const password = store.password && (await reading.secret(store.password, within(place, 'password')))
  const ca = await certificateAuthorities(store.caFile, within(place, 'caFile'), reading)
  return {
    type: 'redis',
    mode: store.mode,
    nodes,
    tls: store.tls,
    database: store.database,
    keyPrefix: store.keyPrefix,
    timeoutMs: store.timeout,
    ...given({ sentinelName: store.sentinelName, username: store.username, password, ca }),
  }
}
