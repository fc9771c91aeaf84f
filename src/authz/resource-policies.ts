/**
 * Resource policies that resource servers send along, compiled once: most requests are about few resources. Bounded,
 * so that no resource server can fill the memory; a policy that has problems is not kept.
 */
import { createHash } from 'node:crypto'
import { compilePolicy, type CompiledPolicy } from '../policy/document.js'

export interface ResourcePolicies {
  /** @param source a policy document, as JSON text or already parsed. Never throws. */
  compile(source: unknown): CompiledPolicy
}

/** @param capacity documents, each of at most 20,480 characters; the one used longest ago gives way. */
export function createResourcePolicies(capacity = 200): ResourcePolicies {
  const known = new Map<string, CompiledPolicy & { readonly ok: true }>()
  return {
    compile(source) {
      const text = typeof source === 'string' ? source : JSON.stringify(source)
      const digest = createHash('sha256').update(text).digest('base64')
      const remembered = known.get(digest)
      if (remembered !== undefined) {
        known.delete(digest)
        known.set(digest, remembered)
        return remembered
      }
      const compiled = compilePolicy(source, 'resource', 'resource policy')
      if (compiled.ok) {
        if (known.size >= capacity) known.delete(known.keys().next().value ?? '')
        known.set(digest, compiled)
      }
      return compiled
    },
  }
}
