/** A writer and a reader of length-prefixed fields. Integers are LEB128, text is UTF-8. The reader trusts nothing. */

export interface ByteWriter {
  byte(value: number): void
  integer(value: number): void
  text(value: string): void
  bytes(value: Buffer): void
  toBuffer(): Buffer
}

export function createByteWriter(): ByteWriter {
  const parts: Buffer[] = []
  const integer = (value: number): void => {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError('only whole numbers from zero up')
    const encoded: number[] = []
    let rest = value
    while (rest > 0x7f) {
      encoded.push((rest % 0x80) | 0x80)
      rest = Math.floor(rest / 0x80)
    }
    encoded.push(rest)
    parts.push(Buffer.from(encoded))
  }
  const bytes = (value: Buffer): void => {
    integer(value.length)
    parts.push(value)
  }
  return {
    byte: (value) => void parts.push(Buffer.of(value)),
    integer,
    text: (value) => bytes(Buffer.from(value, 'utf8')),
    bytes,
    toBuffer: () => Buffer.concat(parts),
  }
}

export interface ByteReader {
  byte(): number
  integer(): number
  text(): string
  bytes(): Buffer
  /** @throws {RangeError} when anything is left. */
  end(): void
}

/** Every method throws a RangeError when the field is not there. */
export function createByteReader(source: Buffer): ByteReader {
  let offset = 0
  const byte = (): number => {
    const value = source[offset]
    if (value === undefined) throw new RangeError('the text ends too early')
    offset += 1
    return value
  }
  const integer = (): number => {
    let value = 0
    let weight = 1
    for (let index = 0; index < 8; index += 1) {
      const part = byte()
      value += (part & 0x7f) * weight
      if (!Number.isSafeInteger(value)) throw new RangeError('the number is too large')
      if (part < 0x80) return value
      weight *= 0x80
    }
    throw new RangeError('the number is too long')
  }
  const bytes = (): Buffer => {
    const length = integer()
    if (length > source.length - offset) throw new RangeError('the text ends too early')
    offset += length
    return source.subarray(offset - length, offset)
  }
  return {
    byte,
    integer,
    text: () => bytes().toString('utf8'),
    bytes,
    end: () => {
      if (offset !== source.length) throw new RangeError('something is left')
    },
  }
}
