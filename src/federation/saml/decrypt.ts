/**
 * One EncryptedAssertion to the bytes of the assertion in it. Authenticated encryption only: AES-GCM under a key wrapped
 * with RSA-OAEP. CBC and RSA 1.5, with which a stranger can make us an oracle, are refused before any key is touched,
 * and every later failure is the same failure (XML Encryption 1.1, 5.2 and 5.5; Jager and Somorovsky 2011).
 */
import { constants, createDecipheriv, privateDecrypt } from 'node:crypto'
import type { CipherGCMTypes } from 'node:crypto'
import { namespaces } from './names.js'
import { refuse } from './refusal.js'
import { attribute, childrenNamed, descendants, isNamed, textOf } from './xml-document.js'

const ciphers = new Map<string, Cipher>([
  [`${namespaces.encryption11}aes128-gcm`, { name: 'aes-128-gcm', keyBytes: 16 }],
  [`${namespaces.encryption11}aes256-gcm`, { name: 'aes-256-gcm', keyBytes: 32 }],
])
const oaepMgf1Sha1 = `${namespaces.encryption}rsa-oaep-mgf1p`
const oaep = `${namespaces.encryption11}rsa-oaep`
const oaepDigests = new Map([
  [`${namespaces.signature}sha1`, 'sha1'],
  [`${namespaces.encryption}sha256`, 'sha256'],
  [`${namespaces.encryption}sha512`, 'sha512'],
])
const oaepMasks = new Map([
  [`${namespaces.encryption11}mgf1sha1`, 'sha1'],
  [`${namespaces.encryption11}mgf1sha256`, 'sha256'],
  [`${namespaces.encryption11}mgf1sha512`, 'sha512'],
])
const ivBytes = 12
const tagBytes = 16

/**
 * @param privateKeys PEM; which of them opened the message shows in nothing.
 * @throws {SamlRefusal} `saml:algorithm` for what the message says openly, `saml:decrypt` for everything else.
 */
export function decryptAssertion(encrypted: Element, privateKeys: readonly string[]): Buffer {
  const data = only(encrypted, 'EncryptedData')
  const keys = [...descendants(encrypted)].filter((element) =>
    isNamed(element, namespaces.encryption, 'EncryptedKey'),
  )
  if (keys.length !== 1) refuse('saml:decrypt', 'not exactly one encrypted key')
  const cipher = ciphers.get(methodOf(data).algorithm)
  if (!cipher) return refuse('saml:algorithm', `content encryption \`${methodOf(data).algorithm}\``)
  const oaepHash = oaepHashOf(keys[0]!)
  const wrapped = cipherValueOf(keys[0]!)
  const sealed = cipherValueOf(data)
  // Every key is tried, whichever fits: how long it takes depends on how many there are.
  const opened = privateKeys.map((privateKey) => {
    try {
      const key = privateDecrypt(
        { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash },
        wrapped,
      )
      return open(sealed, key, cipher)
    } catch {
      return undefined
    }
  })
  return (
    opened.find((text) => text !== undefined) ?? refuse('saml:decrypt', 'no key of ours opens the assertion')
  )
}

interface Cipher {
  readonly name: CipherGCMTypes
  readonly keyBytes: number
}

/** @throws whenever it does not open. */
function open(sealed: Buffer, key: Buffer, cipher: Cipher): Buffer {
  if (key.length !== cipher.keyBytes || sealed.length < ivBytes + tagBytes) throw new Error('length')
  const opening = createDecipheriv(cipher.name, key, sealed.subarray(0, ivBytes), { authTagLength: tagBytes })
  opening.setAuthTag(sealed.subarray(-tagBytes))
  return Buffer.concat([opening.update(sealed.subarray(ivBytes, -tagBytes)), opening.final()])
}

/** node:crypto uses one hash for the label and the mask, so a message that names two different ones is refused. */
function oaepHashOf(encryptedKey: Element): string {
  const { algorithm, element } = methodOf(encryptedKey)
  const digest = childrenNamed(element, namespaces.signature, 'DigestMethod')[0]
  const mask = childrenNamed(element, namespaces.encryption11, 'MGF')[0]
  const label = childrenNamed(element, namespaces.encryption, 'OAEPparams').some(
    (x) => textOf(x).trim() !== '',
  )
  const digestHash = digest ? oaepDigests.get(attribute(digest, 'Algorithm') ?? '') : 'sha1'
  const maskHash = mask ? oaepMasks.get(attribute(mask, 'Algorithm') ?? '') : 'sha1'
  const known = algorithm === oaep || (algorithm === oaepMgf1Sha1 && !mask)
  if (!known || label || digestHash === undefined || digestHash !== maskHash) {
    return refuse('saml:algorithm', `key transport \`${algorithm}\``)
  }
  return digestHash
}

function methodOf(parent: Element): { readonly algorithm: string; readonly element: Element } {
  const element = only(parent, 'EncryptionMethod')
  return { algorithm: attribute(element, 'Algorithm') ?? '', element }
}

function cipherValueOf(parent: Element): Buffer {
  return Buffer.from(textOf(only(only(parent, 'CipherData'), 'CipherValue')), 'base64')
}

function only(parent: Element, localName: string): Element {
  const found = childrenNamed(parent, namespaces.encryption, localName)
  if (found.length !== 1) refuse('saml:decrypt', `not exactly one \`${localName}\``)
  return found[0]!
}
