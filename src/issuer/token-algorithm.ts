/** How web identity tokens are signed; the caller chooses, and an account has keys for both. RFC 7518 §3.1. */
export type TokenAlgorithm = 'RS256' | 'ES384'

export const tokenAlgorithms: readonly TokenAlgorithm[] = ['RS256', 'ES384']
