/** What the access-keys page says to paste, pasted: into a real shell, for Debian's own AWS CLI, which is an old one. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startProduct, type Product } from '../support/product.js'
import { keysFor, signIn } from '../support/product-visitor.js'

const installed = existsSync('/usr/bin/aws')
const withCli = installed ? it : it.skip

let product: Product
let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rolegate-aws-'))
  product = await startProduct()
}, 60_000)
afterAll(async () => {
  await product?.stop()
  await product?.remove()
  await rm(home, { recursive: true, force: true })
})

/** The text of the block with this title, as a person copies it. */
function block(page: string, title: string): string {
  const text = new RegExp(`>${title}</h3>.*?<pre[^>]*>(.*?)</pre>`, 's').exec(page)?.[1] ?? ''
  const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' }
  return text.replaceAll(/&(#39|\w+);/g, (_, name: string) => entities[name] ?? '')
}

describe('the blocks of the access-keys page', () => {
  withCli(
    `say who one is to the AWS CLI of Debian${installed ? '' : ' (skipped: the package awscli is not installed)'}`,
    async () => {
      const role = { account: '777788889999', name: 'Developer' }
      const { answer } = await keysFor(product, await signIn(product, 'grace'), role)
      const line = block(answer.text, 'Try it: AWS CLI')
      expect(line).toBe(`aws sts get-caller-identity --endpoint-url ${product.url}/sts`)
      const script = `${block(answer.text, 'macOS, Linux: bash, zsh')}\n${line}`
      const { stdout } = await promisify(execFile)('/bin/sh', ['-c', script], {
        env: { HOME: home, PATH: '/usr/bin:/bin' },
      })
      expect(JSON.parse(stdout)).toMatchObject({
        Account: '777788889999',
        Arn: 'arn:aws:sts::777788889999:assumed-role/Developer/grace',
      })
    },
    30_000,
  )
})
