/** Whether an address can still be listened on, asked before anything is started that an earlier start may be using. */
import { createServer } from 'node:net'

/** Rejects as listening would, e.g. with `EADDRINUSE`. */
export function requireFreeAddress({
  host,
  port,
}: {
  readonly host: string
  readonly port: number
}): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, host, () => server.close(() => resolve()))
  })
}
