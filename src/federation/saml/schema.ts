/**
 * The OASIS schema of the SAML protocol, compiled once, and a parser that accepts well-formed XML only. A second opinion
 * beside `structure.ts`: the schema knows order and data types, the allow-list knows which places may hold what. The
 * only importer of libxml2-wasm.
 */
import { readFile } from 'node:fs/promises'
import { refuse } from './refusal.js'
import type { SamlReason } from './refusal.js'

export interface SchemaValidator {
  /** @throws {SamlRefusal} `saml:not-wellformed` */
  assertWellFormed(text: string): void
  /** @throws {SamlRefusal} `saml:structure` */
  assertValid(text: string): void
}

const folder = new URL('./schemas/', import.meta.url)
const entry = 'saml-schema-protocol-2.0.xsd'
const files = [entry, 'saml-schema-assertion-2.0.xsd', 'xmldsig-core-schema.xsd', 'xenc-schema.xsd']

/** Takes about a tenth of a second; validating then takes a fraction of a millisecond. */
export async function createSchemaValidator(): Promise<SchemaValidator> {
  const { ParseOption, XmlBufferInputProvider, XmlDocument, XsdValidator, xmlRegisterInputProvider } =
    await import('libxml2-wasm')
  const sources = new Map<string, Uint8Array>()
  for (const file of files) sources.set(file, await readFile(new URL(file, folder)))
  // The schemas import each other by name; nothing is ever read from disk or network by the parser itself.
  xmlRegisterInputProvider(new XmlBufferInputProvider(Object.fromEntries(sources)))
  const option = ParseOption.XML_PARSE_NONET | ParseOption.XML_PARSE_NO_XXE
  const source = XmlDocument.fromBuffer(sources.get(entry)!, { url: entry, option })
  const schema = XsdValidator.fromDoc(source)

  const withDocument = (text: string, judge: (document: InstanceType<typeof XmlDocument>) => void) => {
    const document = attempt('saml:not-wellformed', () => XmlDocument.fromString(text, { option }))
    try {
      attempt('saml:structure', () => judge(document))
    } finally {
      document.dispose()
    }
  }
  return {
    assertWellFormed: (text) => withDocument(text, () => undefined),
    assertValid: (text) => withDocument(text, (document) => schema.validate(document)),
  }
}

function attempt<T>(reason: SamlReason, act: () => T): T {
  try {
    return act()
  } catch (cause) {
    return refuse(reason, firstLine(cause))
  }
}

function firstLine(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0]!.slice(0, 300)
}
