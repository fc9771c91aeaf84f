/** `services` of `rolegate.yaml`: upstreams that a reverse proxy guards by asking `GET /v1/verify`. */
import * as z from 'zod'
import { accountReference, policy } from './permissions.js'
import { address, fields, filePath, text } from './value.js'

export const serviceEntry = fields({
  name: text(32)
    .regex(/^[a-z][a-z0-9-]*$/, 'a service name has lower-case letters, digits and hyphens, a letter first')
    .meta({ description: 'Unique.' }),
  account: accountReference().meta({ description: 'Id or alias of the account that owns its resources.' }),
  hosts: z.array(address()).min(1).meta({
    description:
      'Host names (with port, unless it is the scheme’s own) by which clients reach it and for which they sign.',
  }),
  signingName: text(64)
    .regex(/^[a-z0-9-]+$/, 'a signing name has lower-case letters, digits and hyphens')
    .optional()
    .meta({ description: 'The service that clients sign for. Default: the name.' }),
  action: text(160).optional().meta({
    description: 'What a request is called in policies, with `{method}`. Default: `<name>:{method}`.',
  }),
  resource: text(2048).optional().meta({
    description:
      'ARN of what a request is for, with `{path}`, `{method}` and `{host}`. Default: `arn:aws:<name>::<account>:{path}`.',
  }),
  policy: policy()
    .optional()
    .meta({ description: 'Resource policy of the service. Either this or `policyFile`.' }),
  policyFile: filePath().optional().meta({ description: 'File with the resource policy, JSON or YAML.' }),
  allowUnsignedPayload: z.boolean().default(false).meta({
    description:
      'Accept `UNSIGNED-PAYLOAD`: whoever can change a request on its way may then change its body.',
  }),
})

export type ServiceEntry = z.output<typeof serviceEntry>
