/** QR codes (ISO/IEC 18004) for a page and for a terminal. The only importer of qr. */
import { encodeQR } from 'qr'

export interface QrDrawing {
  /** Of a square, quiet zone included: `viewBox="0 0 size size"`. */
  readonly size: number
  /** SVG path data of the dark modules, to be filled on white; a module is one unit. */
  readonly path: string
}

/** ISO/IEC 18004 §6.3.8. */
const quietZone = 4

/** Dark is true. */
function modulesOf(text: string): readonly (readonly boolean[])[] {
  return encodeQR(text, 'raw', { ecc: 'medium', border: quietZone })
}

/** @throws {Error} for more text than a QR code holds, about 2,300 bytes. */
export function drawQrCode(text: string): QrDrawing {
  const modules = modulesOf(text)
  const runs = modules.flatMap((row, y) =>
    [
      ...row
        .map((dark) => (dark ? '#' : ' '))
        .join('')
        .matchAll(/#+/g),
    ].map(({ index, 0: run }) => `M${index} ${y}h${run.length}v1h-${run.length}z`),
  )
  return { size: modules.length, path: runs.join('') }
}

/**
 * Two modules in one character, so that they are about square. Light modules are drawn and dark ones left out.
 * @param options.colours Say white on black by ANSI codes. Without them it reads on dark terminals only.
 */
export function qrCodeText(text: string, { colours }: { readonly colours: boolean }): string {
  const modules = modulesOf(text)
  const lines: string[] = []
  for (let y = 0; y < modules.length; y += 2) {
    const [upper = [], lower = []] = [modules[y], modules[y + 1]]
    const line = upper.map((dark, x) => {
      const below = lower[x] ?? true
      if (dark) return below ? ' ' : '▄'
      return below ? '▀' : '█'
    })
    lines.push(colours ? `\u001B[40;97m${line.join('')}\u001B[0m` : line.join(''))
  }
  return `${lines.join('\n')}\n`
}
