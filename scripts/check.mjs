// `npm run check`: what can be said about a change in half a minute, without starting a server.
import { runChecks } from './checks.mjs'

process.exitCode = (await runChecks()) ? 0 : 1
