/**
 * A script that runs our sources in a process of its own: for what only several processes, a killed process or a
 * limited process can show.
 */
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface ChildScript {
  /** Program and arguments to start it with. */
  readonly command: readonly [program: string, ...args: string[]]
}

/** In the script: what is named in `imports`, and `quiet`, a log and metrics that say nothing. */
export function buildChild(
  folder: string,
  name: string,
  source: { readonly entry: string; readonly imports: readonly string[]; readonly script: string },
): ChildScript {
  const outfile = join(folder, `${name}.mjs`)
  buildSync({
    stdin: {
      contents: `
        import { ${source.imports.join(', ')} } from './${source.entry}'
        const quiet = new Proxy({}, { get: () => () => undefined })
        ${source.script}
      `,
      resolveDir: root,
      loader: 'ts',
    },
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  })
  try {
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  } catch {
    // Another script in this folder has made it.
  }
  return { command: [process.execPath, outfile] }
}
