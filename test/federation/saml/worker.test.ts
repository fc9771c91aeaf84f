/**
 * Verification in a thread, as the product runs it: the same answers as inline, and an end for what takes too long. The
 * worker file is compiled for the test, since a thread cannot run the sources.
 */
import { execFile } from 'node:child_process'
import { cp, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { build } from 'esbuild'
import type { Verifier } from '../../../src/federation/saml/verifier.js'
import { createWorkerVerifier } from '../../../src/federation/saml/worker-verifier.js'
import type { VerificationRequest } from '../../../src/federation/saml/verify-response.js'
import { base64Of } from '../../support/saml-certificate.js'
import { openLab, post } from './lab/lab.js'
import type { Lab } from './lab/lab.js'
import { makeMessage } from './lab/message.js'

let lab: Lab
let directory: string
let entry: URL
const open: Verifier[] = []

beforeAll(async () => {
  lab = await openLab()
  directory = await mkdtemp(join(tmpdir(), 'rolegate-saml-worker-'))
  const room = new URL('../../../src/federation/saml/', import.meta.url)
  await build({
    entryPoints: [new URL('verification-worker.ts', room).pathname],
    outfile: join(directory, 'verification-worker.mjs'),
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
  })
  await cp(new URL('schemas', room), join(directory, 'schemas'), { recursive: true })
  await symlink(new URL('../../../node_modules', import.meta.url).pathname, join(directory, 'node_modules'))
  entry = pathToFileURL(join(directory, 'verification-worker.mjs'))
})

afterAll(async () => {
  await Promise.all(open.map((verifier) => verifier.close()))
  await lab.close()
  await rm(directory, { recursive: true, force: true })
})

function workers(options: Parameters<typeof createWorkerVerifier>[0] = {}): Verifier {
  // A machine that is busy with other tests must not look like a hostile message.
  const verifier = createWorkerVerifier({ entry, deadlineMs: 20_000, startDeadlineMs: 20_000, ...options })
  open.push(verifier)
  return verifier
}

async function request(xml?: string): Promise<VerificationRequest> {
  return {
    xml: xml ?? (await makeMessage({}, lab.around)).xml,
    certificates: [base64Of(lab.around.keys.idp.certificate)],
    decryptionKeys: [lab.around.encryption.key],
    allowSha1: false,
  }
}

async function fakeWorker(name: string, source: string): Promise<URL> {
  const file = join(directory, `${name}.mjs`)
  await writeFile(file, `import { parentPort } from 'node:worker_threads'\n${source}`)
  return pathToFileURL(file)
}

describe('verification in a thread', () => {
  it('gives the same facts as inline, dates included', async () => {
    const asked = await request()
    const [threaded, inline] = await Promise.all([workers().verify(asked), lab.verifier.verify(asked)])

    expect(threaded).toEqual(inline)
    expect(threaded.assertion.issuedAt.toISOString()).toBe(lab.around.now.toISOString())
  })

  it('gives the same refusals as inline', async () => {
    const { xml } = await makeMessage(
      { assertionSignature: { key: 'stranger', keyInfo: 'none' } },
      lab.around,
    )

    await expect(workers().verify(await request(xml))).rejects.toMatchObject({
      name: 'SamlRefusal',
      reason: 'saml:signature',
      kind: 'invalid',
    })
  })

  it('signs people in through a provider', async () => {
    const provider = await lab.provider({}, workers({ threads: 2 }))
    const sign = async (n: number) => {
      const { pending, around } = await lab.begin(provider)
      const { xml } = await makeMessage({ assertion: { ID: `_w${n}` } }, around)
      return (await post(provider, pending, xml)).subject
    }

    await expect(Promise.all([0, 1, 2, 3, 4, 5].map(sign))).resolves.toEqual(Array(6).fill('ada'))
  })

  it('ends a thread that takes too long, refuses its message, and goes on with the next (SAML-56)', async () => {
    const stuck = await fakeWorker(
      'stuck',
      `parentPort.on('message', (m) => { if (m.xml === 'hang') for (;;); parentPort.postMessage({ type: 'refused', reason: 'saml:unsigned', detail: '', kind: 'invalid' }) })
       parentPort.postMessage('ready')`,
    )
    const verifier = workers({ entry: stuck, deadlineMs: 300 })
    const [hanging, next] = [verifier.verify(await request('hang')), verifier.verify(await request('x'))]

    await expect(hanging).rejects.toMatchObject({ reason: 'saml:size' })
    await expect(next).rejects.toMatchObject({ reason: 'saml:unsigned' })
  })

  it('refuses the message that makes a thread fall over, and goes on', async () => {
    const fragile = await fakeWorker(
      'fragile',
      `parentPort.on('message', (m) => { if (m.xml === 'crash') throw new Error('crash'); parentPort.postMessage({ type: 'refused', reason: 'saml:unsigned', detail: '', kind: 'invalid' }) })
       parentPort.postMessage('ready')`,
    )
    const verifier = workers({ entry: fragile })

    await expect(verifier.verify(await request('crash'))).rejects.toMatchObject({ reason: 'saml:size' })
    await expect(verifier.verify(await request('x'))).rejects.toMatchObject({ reason: 'saml:unsigned' })
  })

  it('does not keep a process alive that has nothing more to verify', async () => {
    const room = new URL('../../../src/federation/saml/', import.meta.url)
    const program = join(directory, 'program.mjs')
    await build({
      stdin: {
        contents: `import { createWorkerVerifier } from './worker-verifier.js'
          const verifier = createWorkerVerifier({ entry: new URL('./verification-worker.mjs', import.meta.url) })
          await verifier.verify({ xml: '<x/>', certificates: [], decryptionKeys: [], allowSha1: false }).catch((e) => console.log(e.reason))`,
        resolveDir: room.pathname,
      },
      outfile: program,
      bundle: true,
      packages: 'external',
      format: 'esm',
      platform: 'node',
      target: 'node20',
    })

    const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 25_000 })

    expect(stdout.trim()).toBe('saml:binding')
  })

  it('says that it is unavailable when no thread can start', async () => {
    const broken = await fakeWorker('broken', `throw new Error('no')`)

    await expect(workers({ entry: broken }).verify(await request('x'))).rejects.toMatchObject({
      code: 'ProviderUnavailable',
      reason: 'saml:verifier-start',
    })
  })

  it('lets a bounded number wait', async () => {
    const silent = await fakeWorker(
      'silent',
      `parentPort.on('message', () => undefined); parentPort.postMessage('ready')`,
    )
    const verifier = workers({ entry: silent, queueLength: 2 })
    const asked = await request('x')
    const waiting = Array.from({ length: 5 }, () => verifier.verify(asked))
    const outcomes = Promise.allSettled(waiting)

    await expect(waiting[4]).rejects.toMatchObject({ code: 'Throttled', reason: 'saml:queue' })
    await verifier.close()
    expect((await outcomes).every(({ status }) => status === 'rejected')).toBe(true)
  })
})
