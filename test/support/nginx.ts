/** nginx from Debian, as an unprivileged user, on a folder of its own. */
import { spawn } from 'node:child_process'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './until.js'

export const nginx = '/usr/sbin/nginx'
export const hasNginx = existsSync(nginx)
/** Of Debian. */
const nobody = 65_534

/** @param sites for the http block. */
export async function startNginx(sites: string, port: number): Promise<{ stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'rolegate-nginx-'))
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${name};`,
  )
  await writeFile(join(folder, 'sites.conf'), sites)
  await writeFile(
    join(folder, 'nginx.conf'),
    `worker_processes 1; daemon off; pid nginx.pid; error_log stderr error;
     events { worker_connections 256; }
     http { access_log off; ${places.join(' ')} include sites.conf; }`,
  )
  const isRoot = process.getuid?.() === 0
  if (isRoot) await chown(folder, nobody, nobody)
  const child = spawn(nginx, ['-p', folder, '-c', 'nginx.conf', '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(isRoot ? { uid: nobody, gid: nobody } : {}),
  })
  let output = ''
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  const killWithUs = (): void => void child.kill('SIGKILL')
  process.once('exit', killWithUs)
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`nginx did not start:\n${output}`)
    return isOpen(port)
  })
  return {
    async stop() {
      child.kill('SIGTERM')
      await ended
      process.off('exit', killWithUs)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => done(true)).once('error', () => done(false))
    socket.once('close', () => socket.destroy()).once('connect', () => socket.destroy())
  })
}
