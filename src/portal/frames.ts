/** Builds what the frame of a page shows about the visit: brand, person, active role, recent roles. */
import type { RoleDirectory } from '../role/role.js'
import type { ChosenRole } from '../session/sign-in-session.js'
import type { Assets } from './assets.js'
import type { BarRole, Frame } from './pages/layout.js'
import type { PortalDeps } from './portal-deps.js'
import type { Visit } from './visit.js'

export type FrameMaker = (visit: Visit) => Promise<Frame>

export function createFrameMaker(
  deps: Pick<PortalDeps, 'settings' | 'directory' | 'providers' | 'history' | 'now'>,
  assets: Assets,
): FrameMaker {
  return async (visit) => {
    const frame = { brand: deps.settings().branding.name, assets: assets.paths, now: deps.now() }
    const { session } = visit
    if (session === undefined) return frame
    const directory = deps.directory()
    const { active, assertion } = session
    const recent = await deps.history.list(assertion)
    const previous = session.previous.at(-1)
    return {
      ...frame,
      bar: {
        person: assertion.displayName,
        source: sourceName(deps, assertion.provider),
        csrfToken: session.csrfToken,
        here: visit.path,
        recent: recent.map((role) => barRole(directory, role)),
        ...(previous === undefined ? {} : { previous: barRole(directory, previous) }),
        ...(active === undefined
          ? {}
          : {
              active: {
                ...barRole(directory, active),
                expiresAt: active.expiresAt,
                expired: active.expiresAt <= frame.now,
              },
            }),
      },
    }
  }
}

export function barRole(directory: RoleDirectory, chosen: ChosenRole): BarRole {
  const [, account = '', roleName = ''] = /^arn:[^:]*:iam::(\d*):role\/(.*)$/.exec(chosen.roleArn) ?? []
  const accountName = directory.account(account)?.name
  return {
    account,
    roleName,
    displayName: chosen.displayName,
    title: `${roleName} @ ${accountName === undefined ? account : `${accountName} (${account})`}`,
    ...(chosen.color === undefined ? {} : { color: chosen.color }),
  }
}

/** What people call a source; its name when it is no longer configured. */
export function sourceName(deps: Pick<PortalDeps, 'providers'>, provider: string): string {
  return deps.providers().find(({ name }) => name === provider)?.displayName ?? provider
}
