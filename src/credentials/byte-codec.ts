/** A writer and a reader of length-prefixed fields. Integers are LEB128, text is UTF-8. The reader trusts nothing. */

export interface ByteWriter {
  byte(value: number): void
  integer(value: number): void
  text(value: string): void
  bytes(value: Buffer): void
  /** @param minimum bytes; zeros are added up to that, and `ByteReader.end` takes them for nothing. */
  toBuffer(minimum?: number): Buffer
}

/** Enough for most sessions, so that one allocation serves a token. */
const firstCapacity = 512
const longestInteger = 8

export function createByteWriter(): ByteWriter {
  let buffer = Buffer.allocUnsafe(firstCapacity)
  let length = 0
  const reserve = (size: number): void => {
    if (length + size <= buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(2 * buffer.length, length + size))
    buffer.copy(larger, 0, 0, length)
    buffer = larger
  }
  const integer = (value: number): void => {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError('only whole numbers from zero up')
    reserve(longestInteger)
    let rest = value
    while (rest > 0x7f) {
      buffer[length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    buffer[length++] = rest
  }
  /** By hand, since a call into node costs more than a short text. @returns false, with nothing written, if it is not. */
  const shortAscii = (value: string): boolean => {
    const size = value.length
    if (size > 0x7f) return false
    reserve(size + 1)
    for (let index = 0; index < size; index += 1) {
      const code = value.charCodeAt(index)
      if (code > 0x7f) return false
      buffer[length + 1 + index] = code
    }
    buffer[length] = size
    length += size + 1
    return true
  }
  return {
    byte(value) {
      reserve(1)
      buffer[length++] = value
    },
    integer,
    text(value) {
      if (shortAscii(value)) return
      const size = Buffer.byteLength(value, 'utf8')
      integer(size)
      reserve(size)
      length += buffer.write(value, length, size, 'utf8')
    },
    bytes(value) {
      integer(value.length)
      reserve(value.length)
      length += value.copy(buffer, length)
    },
    toBuffer(minimum = 0) {
      if (length >= minimum) return buffer.subarray(0, length)
      reserve(minimum - length)
      return buffer.fill(0, length, minimum).subarray(0, minimum)
    },
  }
}

export interface ByteReader {
  byte(): number
  integer(): number
  text(): string
  bytes(): Buffer
  /** @throws {RangeError} when anything but zeros is left. */
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
    for (let index = 0; index < longestInteger; index += 1) {
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
      for (let index = offset; index < source.length; index += 1)
        if (source[index] !== 0) throw new RangeError('something is left')
    },
  }
}
