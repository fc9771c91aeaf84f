/** The package as its users install it: packed, unpacked elsewhere, and imported by name. */
import { execFile, spawn } from 'node:child_process'
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { repository } from './product.js'

const run = promisify(execFile)

export interface Project {
  readonly folder: string
  /** Runs a file of ours in it and waits for its first line. */
  start(file: string, environment: Readonly<Record<string, string>>): Promise<RunningScript>
  remove(): Promise<void>
}

export interface RunningScript {
  readonly firstLine: string
  output(): string
  stop(): Promise<number | null>
}

/** A project with `rolegate` installed and these packages beside it. Offline: the packages are the repository's own. */
export async function projectWithPackage(packages: readonly string[]): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'rolegate-project-'))
  const modules = join(folder, 'node_modules')
  await mkdir(join(modules, 'rolegate'), { recursive: true })
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: repository })
  const tarball = join(folder, stdout.trim().split('\n').at(-1) ?? '')
  await run('tar', ['-xzf', tarball, '-C', join(modules, 'rolegate'), '--strip-components=1'])
  await symlink(join(repository, 'node_modules'), join(modules, 'rolegate', 'node_modules'))
  for (const name of packages) {
    const place = join(modules, name)
    await mkdir(join(place, '..'), { recursive: true })
    await symlink(join(repository, 'node_modules', name), place)
  }
  return {
    folder,
    async start(file, environment) {
      const script = join(folder, basename(file))
      await copyFile(file, script)
      const child = spawn(process.execPath, [script], {
        cwd: folder,
        env: { PATH: process.env['PATH'], ...environment },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let output = ''
      const killWithUs = (): void => void child.kill('SIGKILL')
      process.once('exit', killWithUs)
      const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
      const firstLine = await new Promise<string>((done, failed) => {
        const hear = (chunk: Buffer): void => {
          output += chunk.toString()
          if (output.includes('\n')) done(output.split('\n')[0] ?? '')
        }
        child.stdout.on('data', hear)
        child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
        void ended.then(() => failed(new Error(`${basename(file)} ended:\n${output}`)))
      })
      return {
        firstLine,
        output: () => output,
        stop() {
          child.kill('SIGTERM')
          process.off('exit', killWithUs)
          return ended
        },
      }
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
