/** The files that pages load. Their URLs contain a digest of their content, so browsers keep them for ever. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RequestHandler } from 'express'
import type { AssetPaths } from './pages/layout.js'

export interface Assets {
  readonly paths: AssetPaths
  readonly serve: RequestHandler
}

const types: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
}

/** Reads the files once; mount `serve` at `/assets`. */
export function loadAssets(): Assets {
  const served = new Map<string, { readonly type: string; readonly body: Buffer }>()

  function load(file: string): string {
    const body = readFileSync(new URL(`./assets/${file}`, import.meta.url))
    const [name, extension] = file.split('.') as [string, string]
    const digest = createHash('sha256').update(body).digest('hex').slice(0, 16)
    const path = `/${name}.${digest}.${extension}`
    served.set(path, { type: types[extension]!, body })
    return `/assets${path}`
  }

  const paths = { style: load('portal.css'), script: load('portal.js'), icon: load('mark.svg') }
  return {
    paths,
    serve(request, response, next) {
      const asset =
        request.method === 'GET' || request.method === 'HEAD' ? served.get(request.path) : undefined
      if (asset === undefined) return next()
      response.setHeader('Content-Type', asset.type)
      response.setHeader('Content-Length', asset.body.length)
      response.setHeader('Cache-Control', 'public, max-age=31536000, immutable')
      response.end(asset.body)
    },
  }
}
