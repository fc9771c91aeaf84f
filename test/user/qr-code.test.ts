import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { decodeQR } from 'qr/decode.js'
import { drawQrCode, qrCodeText } from '../../src/user/qr-code.js'
import { otpauthUri } from '../../src/user/totp.js'

const uri = otpauthUri({ issuer: 'Example Cloud', label: 'ann@111122223333 phone', secret: randomBytes(20) })
const scale = 4

/** What a camera sees of it. */
function scan(size: number, isDark: (x: number, y: number) => boolean): string {
  const side = size * scale
  const data = new Uint8Array(side * side * 3)
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      const shade = isDark(Math.floor(x / scale), Math.floor(y / scale)) ? 0 : 255
      data.fill(shade, (y * side + x) * 3, (y * side + x) * 3 + 3)
    }
  }
  return decodeQR({ width: side, height: side, data })
}

describe('a QR code', () => {
  it('reads back from its SVG path', () => {
    const { size, path } = drawQrCode(uri)
    const dark = new Set<string>()
    const rectangles = [...path.matchAll(/M(\d+) (\d+)h(\d+)v1h-(\d+)z/g)]
    expect(rectangles.map(([text]) => text).join('')).toBe(path)
    for (const [, x, y, width, back] of rectangles) {
      expect(back).toBe(width)
      for (let n = 0; n < Number(width); n += 1) dark.add(`${Number(x) + n} ${y}`)
    }
    expect(scan(size, (x, y) => dark.has(`${x} ${y}`))).toBe(uri)
  })

  it.each([[true], [false]])('reads back from the terminal, colours %s', (colours) => {
    const lines = qrCodeText(uri, { colours }).trimEnd().split('\n')
    const plain = lines.map((line) => line.replaceAll('\u001B[40;97m', '').replaceAll('\u001B[0m', ''))
    expect(lines.every((line) => line.startsWith('\u001B[40;97m') && line.endsWith('\u001B[0m'))).toBe(
      colours,
    )
    const size = plain[0]?.length ?? 0
    const isDark = (x: number, y: number) => {
      const drawn = plain[Math.floor(y / 2)]?.[x] ?? ' '
      return drawn === ' ' || drawn === (y % 2 === 0 ? '▄' : '▀')
    }
    expect(scan(size, isDark)).toBe(uri)
  })

  it('is small enough for a terminal of 80 columns and 40 lines', () => {
    const lines = qrCodeText(uri, { colours: false }).trimEnd().split('\n')
    expect(lines[0]?.length).toBeLessThanOrEqual(70)
    expect(lines.length).toBeLessThanOrEqual(35)
  })
})
