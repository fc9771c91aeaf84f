/** The `code` of a system error such as `ENOENT`; undefined for anything else that was thrown. */
export function systemErrorCode(thrown: unknown): string | undefined {
  const code: unknown =
    typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined
  return typeof code === 'string' ? code : undefined
}
