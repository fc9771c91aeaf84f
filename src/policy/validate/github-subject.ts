/**
 * The subject of a GitHub workload token, as a pattern: `repo:owner/name:rest`, or with the numbers that outlive a
 * renaming, `repo:owner@1/name@2:rest`. Repositories may customise it, so other forms exist.
 * https://docs.github.com/en/actions/reference/security/oidc
 */
export interface GitHubSubject {
  /** Where the first wildcard lets in more than one: among the owners, in what follows, or nowhere. */
  readonly open: 'owner' | 'rest' | 'nowhere'
}

/** Undefined when the pattern has neither form, and no wildcard by which it could. */
export function readGitHubSubject(pattern: string): GitHubSubject | undefined {
  const wildcard = pattern.search(/[*?]/)
  if (!pattern.startsWith('repo:')) {
    // `repo*` and `*` cover what starts with `repo:`.
    return wildcard >= 0 && 'repo:'.startsWith(pattern.slice(0, wildcard)) ? { open: 'owner' } : undefined
  }
  const slash = pattern.indexOf('/')
  const owner = pattern.slice('repo:'.length, slash < 0 ? undefined : slash)
  if (/[*?]/.test(owner)) {
    // The number is unique whatever the name; a name without its number is what the older form trusts.
    const [name = '', id] = owner.split('@')
    const nameFixed = name !== '' && !/[*?]/.test(name)
    const onlyOneOwner = slash >= 0 && nameFixed && id === '*'
    return { open: onlyOneOwner ? 'rest' : 'owner' }
  }
  if (owner === '' || slash < 0) return undefined
  return { open: wildcard < 0 ? 'nowhere' : 'rest' }
}
