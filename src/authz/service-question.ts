/** Which service a request is for, and what it is called in policies: the service's templates, filled in. */
import type { ProtectedService } from './protected-service.js'

export interface ServiceQuestion {
  readonly action: string
  /** ARN */
  readonly resource: string
}

/** @returns undefined for a method that no action is named after. */
export function serviceQuestion(
  service: ProtectedService,
  request: { readonly method: string; readonly host: string; readonly path: string },
): ServiceQuestion | undefined {
  if (!methodName.test(request.method)) return undefined
  return {
    action: filled(service.action, request),
    resource: filled(service.resource, request),
  }
}

const methodName = /^[A-Z]{1,32}$/
const placeholder = /\{(method|path|host)\}/g

/** In one pass, so that a path which looks like a placeholder stays a path. */
function filled(template: string, values: { readonly [name: string]: string }): string {
  return template.replace(placeholder, (_, name: string) => values[name] ?? '')
}

const indexes = new WeakMap<readonly ProtectedService[], ReadonlyMap<string, ProtectedService>>()

/** @param host as the client sent it, any case, with or without a scheme's own port. */
export function serviceAt(services: readonly ProtectedService[], host: string): ProtectedService | undefined {
  let index = indexes.get(services)
  if (index === undefined) {
    index = new Map(
      services.flatMap((service) => service.hosts.map((name) => [withoutOwnPort(name), service])),
    )
    indexes.set(services, index)
  }
  return index.get(withoutOwnPort(host))
}

function withoutOwnPort(host: string): string {
  return host.toLowerCase().replace(/:(?:443|80)$/, '')
}
