/** samlify, loaded when it is first needed. */

/**
 * A CommonJS package that re-exports some names in a way Node cannot see as named exports: `SamlLib` is there only on
 * the default export. Test runners that load modules themselves see both, so only the built program would notice.
 */
export async function loadSamlify(): Promise<typeof import('samlify')> {
  const { default: samlify } = await import('samlify')
  return samlify
}
