// The programs of other people that tests run against, and how they come onto this machine.
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

const needed = [
  { debian: 'slapd', program: 'slapd' },
  { debian: 'ldap-utils', program: 'ldapsearch' },
  { debian: 'redis-server', program: 'redis-server' },
  { debian: 'chromium', program: 'chromium', at: process.env.CHROMIUM },
]
/** Without these a few tests say why they are skipped. By full path, since another program may come first in PATH. */
const welcome = [
  { debian: 'curl', program: 'curl', at: '/usr/bin/curl' },
  { debian: 'awscli', program: 'aws', at: '/usr/bin/aws' },
  { debian: 'nginx-light', program: 'nginx', at: '/usr/sbin/nginx' },
  { debian: 'python3-boto3', module: '/usr/lib/python3/dist-packages/boto3/session.py' },
]

const isThere = ({ program, at, module }) =>
  placesOf({ program, at, module }).some((path) => {
    try {
      accessSync(path, module === undefined ? constants.X_OK : constants.R_OK)
      return true
    } catch {
      return false
    }
  })

function placesOf({ program, at, module }) {
  const place = module ?? at
  return place === undefined ? folders().map((folder) => join(folder, program)) : [place]
}

/** Servers are in sbin, which is often only in the administrator's PATH. */
function folders() {
  return [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/sbin'].filter(
    Boolean,
  )
}

const namesOf = (packages) => packages.map(({ debian }) => debian).join(' ')
const isRoot = process.getuid?.() === 0

/** Installs what is missing when it may. @returns false when tests cannot run; then it has said what to do. */
export function providePackages() {
  const missing = needed.filter((one) => !isThere(one))
  const wished = welcome.filter((one) => !isThere(one))
  if (missing.length + wished.length === 0) return true
  if (isRoot && isThere({ program: 'apt-get' })) {
    process.stdout.write(`installing ${namesOf([...missing, ...wished])}\n`)
    apt(['update', '-qq'])
    if (missing.length > 0)
      apt(['install', '-qq', '-y', '--no-install-recommends', ...missing.map((one) => one.debian)])
    for (const one of wished) apt(['install', '-qq', '-y', '--no-install-recommends', one.debian])
  }
  const still = needed.filter((one) => !isThere(one))
  if (still.length === 0) return true
  process.stderr.write(
    `tests need ${namesOf(still)}; on Debian and Ubuntu:\n\n` +
      `  sudo apt-get update && sudo apt-get install -y --no-install-recommends ${namesOf(still)}\n\n`,
  )
  return false
}

function apt(args) {
  // Runlevel 1: packages install their servers without starting them.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  const { status, stdout, stderr } = spawnSync('apt-get', args, { env, encoding: 'utf8' })
  if (status !== 0) process.stderr.write(`apt-get ${args.join(' ')}\n${stdout}${stderr}`)
}
