/** Node decodes base64 leniently, so one token could be written in many ways; these accept only the canonical one. */

export function isBase64(text: string, decoded: Buffer): boolean {
  return decoded.toString('base64') === text
}

export function isBase64Url(text: string, decoded: Buffer): boolean {
  return decoded.toString('base64url') === text
}
