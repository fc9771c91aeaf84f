import { spawn } from 'node:child_process'

/** Hands the address to the desktop's own opener; false when there is none or it fails at once. */
export async function openBrowser(
  url: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<boolean> {
  const [command, ...parameters] = opener(environment)
  if (command === undefined) return false
  return new Promise((resolve) => {
    const child = spawn(command, [...parameters, url], { stdio: 'ignore', detached: true })
    child.once('error', () => resolve(false))
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}

function opener(environment: Readonly<Record<string, string | undefined>>): readonly string[] {
  const chosen = environment['BROWSER']
  if (chosen !== undefined && chosen !== '') return [chosen]
  if (process.platform === 'darwin') return ['open']
  if (process.platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler']
  const graphical = environment['DISPLAY'] !== undefined || environment['WAYLAND_DISPLAY'] !== undefined
  return graphical ? ['xdg-open'] : []
}
