// Builds dist/ when a source is newer than it: the compiler, with declarations for whoever imports us, then the files
// that are served as they are. Built beside and renamed, so that a build that fails leaves the last good one.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')
const stamp = join(dist, '.built')

function newestIn(folder) {
  let newest = 0
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) newest = Math.max(newest, statSync(join(entry.parentPath, entry.name)).mtimeMs)
  }
  return newest
}

const sources = Math.max(
  newestIn(join(root, 'src')),
  ...['package.json', 'tsconfig.json'].map((file) => statSync(join(root, file)).mtimeMs),
)
if (!existsSync(stamp) || statSync(stamp).mtimeMs < sources) {
  const beside = `${dist}.${process.pid}`
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const built = spawnSync(
    process.execPath,
    [compiler, '-p', join(root, 'tsconfig.json'), '--declaration', '--outDir', beside],
    { stdio: 'inherit' },
  )
  if (built.status !== 0) {
    rmSync(beside, { recursive: true, force: true })
    process.exit(built.status ?? 1)
  }
  for (const assets of ['portal/assets', 'federation/saml/schemas']) {
    cpSync(join(root, 'src', assets), join(beside, assets), { recursive: true })
  }
  writeFileSync(join(beside, '.built'), '')
  // Moved aside first: of two builds at once, both end with a whole dist.
  const old = `${beside}.old`
  try {
    if (existsSync(dist)) renameSync(dist, old)
    renameSync(beside, dist)
  } catch (cause) {
    if (!existsSync(stamp)) throw cause
    rmSync(beside, { recursive: true, force: true })
  }
  rmSync(old, { recursive: true, force: true })
}
