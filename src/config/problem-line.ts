/** How a problem of the configuration is printed, by whatever command met it. */
import { isAbsolute, join, relative } from 'node:path'
import type { ConfigProblem } from './config.js'

/** `config/roles.yaml:12: roles[0].trustPolicy: is missing`, with `:12:5` where the column is known; what a command-line option says keeps its name. */
export function problemLine({ file, line, column, path, message }: ConfigProblem, directory: string): string {
  const where = file.startsWith('--') ? file : join(directory, file)
  const position = [where, line, ...(line === undefined ? [] : [column])].filter((part) => part !== undefined)
  return [position.join(':'), ...(path === '' ? [] : [path]), message].join(': ')
}

/** The folder as seen from where the command was started: relative when it lies below, so that a terminal can open it. */
export function shownDirectory(directory: string, workingDirectory = process.cwd()): string {
  const below = relative(workingDirectory, directory)
  return below.startsWith('..') || isAbsolute(below) ? directory : below
}
