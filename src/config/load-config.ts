/**
 * The configuration folder, environment and overlays → one frozen `Config`, or every problem at once. Reads files and
 * the given environment only; makes nothing, asks nobody, and keeps no state.
 */
import type { Config, ConfigProblem } from './config.js'
import { listConfigFolder, type ConfigFolder } from './config-folder.js'
import { readSources } from './config-sources.js'
import { deepFreeze } from './deep-freeze.js'
import { isLoopback } from './loopback.js'
import { readManagedPolicies } from './managed-policies.js'
import { accountNames, readOrganization } from './organization.js'
import { createFindings, type Source } from './place.js'
import { declaredProviders, readProviders, type ProviderSource } from './providers.js'
import type { WrittenPolicy } from './policy-review.js'
import { createReading, type Footprint, type Reading } from './reading.js'
import { readRoles } from './roles.js'
import { readServer, type Overrides } from './server-settings.js'
import { parseSource } from './source-document.js'
import { providerNames, readUsers } from './users.js'

export interface LoadOptions {
  readonly directory: string
  readonly dataDirectory: string
  readonly certificatesDirectory: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly overrides?: Overrides
  /** Provider files that are not on disk; they may bring to life what the folder declares with `enabled: false`. */
  readonly overlays?: readonly { readonly name: string; readonly text: string }[]
  /** Changes the folder's texts before they are read; for a demonstration whose providers moved to other ports. */
  readonly rewrite?: (text: string) => string
}

export type LoadedConfig = {
  /** Worth knowing, wrong for nobody: never part of `rolegate check`. */
  readonly warnings: readonly ConfigProblem[]
  readonly footprint: Footprint
  /** Every policy that compiled, as it was written, for a review of what it says. */
  readonly policies: readonly WrittenPolicy[]
} & (
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }
)

/** Never rejects because of what the folder says. */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const findings = createFindings()
  const reading = createReading({ ...options, findings })
  const folder = await listConfigFolder(options.directory, findings)
  const config = folder === undefined ? undefined : await readFolder(folder, options, reading)
  const { warnings, problems } = findings
  const footprint = withFolders(reading.footprint, folder)
  return config === undefined || problems.length > 0
    ? { ok: false, problems, warnings, footprint, policies: reading.policies }
    : { ok: true, config: deepFreeze(config), warnings, footprint, policies: reading.policies }
}

async function readFolder(
  folder: ConfigFolder,
  { directory, overrides = {}, overlays = [], rewrite = (text) => text }: LoadOptions,
  reading: Reading,
): Promise<Config | undefined> {
  const { findings } = reading
  const sources = await readSources(folder, { directory, rewrite }, reading)
  const added = overlays.flatMap(({ name, text }) => parseSource(name, text, findings) ?? [])

  const [organizationSource] = sources.of('organization')
  if (organizationSource === undefined && sources.allRead('organization')) {
    findings.add({ file: 'organization.yaml', path: '', message: 'is missing: it declares the accounts' })
  }
  const organization =
    organizationSource &&
    readOrganization(organizationSource.value, { source: organizationSource, path: [] }, findings)
  const accounts = accountNames(organizationSource?.value)

  const [serverSource] = sources.of('rolegate')
  const server = await readServer(
    serverSource?.value ?? {},
    { source: serverSource ?? absent('rolegate.yaml'), path: [] },
    { overrides, accounts },
    reading,
  )

  const providerSources: readonly ProviderSource[] = [
    ...sources.of('providers').map((source) => ({ source, overlay: false })),
    ...added.map((source) => ({ source, overlay: true })),
  ]
  const providers = await readProviders(
    providerSources,
    {
      publicUrl: server?.publicUrl ?? 'http://127.0.0.1',
      local:
        server === undefined ||
        (isLoopback(server.listen.host) && isLoopback(new URL(server.publicUrl).hostname)),
    },
    reading,
  )
  const allProvidersRead = sources.allRead('providers') && added.length === overlays.length
  const managed = await readManagedPolicies(
    sources.of('policies'),
    accounts,
    sources.allRead('policies'),
    reading,
  )
  const { users, arns: userArns } = await readUsers(
    sources.of('users'),
    accounts,
    { managed, providers: providerNames([...sources.of('providers'), ...added], allProvidersRead) },
    reading,
  )
  const declared = declaredProviders(providerSources, (written) => reading.expand(written), allProvidersRead)
  const roles = await readRoles(
    sources.of('roles'),
    accounts,
    { managed, userArns, providers: declared },
    reading,
  )
  sources.reportOthers()
  return (
    server &&
    organization && {
      server,
      organization,
      roles,
      users,
      managedPolicies: managed.all,
      providers,
      insecure: reading.insecure,
    }
  )
}

const absent = (file: string): Source => ({
  file,
  value: {},
  lineOf: () => undefined,
  textStart: () => undefined,
})

function withFolders(footprint: Footprint, folder: ConfigFolder | undefined): Footprint {
  return {
    ...footprint,
    directories: [...new Set([...(folder?.directories ?? []), ...footprint.directories])],
  }
}
