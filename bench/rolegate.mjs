/** Rolegate as its users run it, in a process of its own, and workloads that have signed in there. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeInstallation } from './installation.mjs'
import { freePort, startServer } from './processes.mjs'
import { signIn } from './signed-requests.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const workloads = 8

/**
 * @param settings of the server, beyond the installation's own.
 * @param probe a server that can be asked for its memory after a collection, at `memory()`.
 */
export async function startRolegate(folder, issuer, { settings = {}, probe = false, ...options } = {}) {
  await writeInstallation(join(folder, 'config'), issuer.issuer, settings)
  const port = await freePort()
  const host = `127.0.0.1:${port}`
  const server = await startServer(
    [
      ...(probe ? ['--expose-gc', '--import', new URL('memory-probe.mjs', import.meta.url).href] : []),
      join(root, 'bin', 'rolegate'),
      'serve',
      ...['--config', join(folder, 'config')],
      ...['--data', join(folder, 'data')],
      ...['--certs', join(folder, 'certs')],
      ...['--listen', host],
    ],
    port,
    { ...options, talks: probe },
  )
  const credentials = await Promise.all(
    Array.from({ length: workloads }, (_, index) => signIn(host, issuer.token(`bench-${index}`), index)),
  )
  return {
    ...server,
    port,
    host,
    folder,
    credentials,
    /** @param make from `signed-requests.mjs` */
    requests: (make, count) =>
      Promise.all(
        Array.from({ length: count }, (_, index) => make(host, credentials[index % workloads], index)),
      ),
    async auditLines() {
      const text = await readFile(join(folder, 'data', 'audit.jsonl'), 'utf8')
      return text.split('\n').slice(0, -1)
    },
    memory: () =>
      new Promise((resolve) => {
        server.child.once('message', resolve)
        server.child.send('memory')
      }),
  }
}
