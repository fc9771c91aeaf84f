import type { RequestOrigin } from '../../src/audit/event.js'

export const testOrigin: RequestOrigin = {
  requestId: '7b3f2c1e-3a5d-4c0e-9a0f-111122223333',
  sourceIp: '192.0.2.10',
  userAgent: 'test',
  secure: true,
}
