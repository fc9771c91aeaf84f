// Builds dist/ when a source is newer than it: the compiler, then the files that are served as they are.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = new URL('..', import.meta.url).pathname
const stamp = join(root, 'dist', '.built')

function newestIn(folder) {
  let newest = 0
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) newest = Math.max(newest, statSync(join(entry.parentPath, entry.name)).mtimeMs)
  }
  return newest
}

const sources = Math.max(
  newestIn(join(root, 'src')),
  statSync(join(root, 'package.json')).mtimeMs,
  statSync(join(root, 'tsconfig.json')).mtimeMs,
)
if (!existsSync(stamp) || statSync(stamp).mtimeMs < sources) {
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const built = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.json')], {
    stdio: 'inherit',
  })
  if (built.status !== 0) process.exit(built.status ?? 1)
  for (const assets of ['portal/assets', 'federation/saml/schemas']) {
    const from = join(root, 'src', assets)
    if (existsSync(from)) cpSync(from, join(root, 'dist', assets), { recursive: true })
  }
  writeFileSync(stamp, '')
}
