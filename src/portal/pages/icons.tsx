/** Small drawings, all decoration: what they mean stands beside them in words. */

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M4 29V14a12 12 0 0 1 24 0v15h-6V14a6 6 0 0 0-12 0v15z" fill="currentColor" />
      <circle cx="16" cy="19" r="3" fill="currentColor" />
    </svg>
  )
}

/** A colour that a person or the configuration chose, `#rrggbb`. */
export function ColorDot({ color }: { readonly color: string | undefined }) {
  return (
    <svg class="dot" viewBox="0 0 12 12" aria-hidden="true">
      {color === undefined ? (
        <circle cx="6" cy="6" r="4.75" fill="none" stroke="currentColor" stroke-width="1.5" opacity="0.45" />
      ) : (
        <circle cx="6" cy="6" r="5.5" fill={color} />
      )}
    </svg>
  )
}

export function ProviderIcon({ kind }: { readonly kind: string }) {
  const paths: Readonly<Record<string, string>> = {
    ldap: 'M9 2h6v5h-2v3h6v5h2v5h-6v-5h2v-3H7v3h2v5H3v-5h2v-5h6V7H9z',
    local: 'M12 2a5 5 0 0 1 5 5v3h2v12H5V10h2V7a5 5 0 0 1 5-5zm0 2a3 3 0 0 0-3 3v3h6V7a3 3 0 0 0-3-3z',
    oidc: 'M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20zm0 3a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zm0 9c-3 0-5 1.300-6 3a8 8 0 0 0 12 0c-1-1.700-3-3-6-3z',
    saml: 'M12 2l8 3v6c0 5-3.500 9-8 11-4.500-2-8-6-8-11V5zm-1.200 13.500l6-6-1.500-1.500-4.500 4.500-2-2L7.300 12z',
  }
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[kind] ?? paths['local']} fill="currentColor" fill-rule="evenodd" />
    </svg>
  )
}
