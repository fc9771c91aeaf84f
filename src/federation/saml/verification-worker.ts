/**
 * The thread that verifies: says `ready` when its parsers are loaded, then answers one request at a time. Everything it
 * gets is in the message; it reads no configuration, keeps no state and opens no connection.
 */
import { parentPort } from 'node:worker_threads'
import { answer } from './verifier.js'
import { loadParsers } from './verify-response.js'
import type { VerificationRequest } from './verify-response.js'

const parsers = await loadParsers()
parentPort?.on('message', (request: VerificationRequest) => {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  parentPort?.postMessage(answer(request, parsers))
})
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
parentPort?.postMessage('ready')
