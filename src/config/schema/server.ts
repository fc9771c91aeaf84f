/** `rolegate.yaml`: the server's own settings. Shapes and defaults only; `../server-settings.ts` resolves and weighs them. */
import * as z from 'zod'
import { serviceEntry } from './services.js'
import { address, fields, filePath, milliseconds, schemaHint, seconds, secret, text } from './value.js'

/** 36 hours, the longest that any credential may live. */
export const longestSession = 129_600

const redis = fields({
  type: z.literal('redis').meta({ description: 'Shared by several machines.' }),
  mode: z
    .enum(['single', 'sentinel', 'cluster'])
    .default('single')
    .meta({ description: 'How the nodes stand together.' }),
  nodes: z.array(address()).min(1).meta({
    description: 'Addresses as `host:port`; for `sentinel` those of the sentinels; for `single` exactly one.',
  }),
  sentinelName: text()
    .optional()
    .meta({ description: 'Name of the master that the sentinels watch; needed for `sentinel`.' }),
  username: text().optional().meta({ description: 'ACL user.' }),
  password: secret().optional().meta({ description: 'Password, as a reference. Needed beyond loopback.' }),
  tls: z.boolean().default(false).meta({ description: 'TLS to every node. Needed beyond loopback.' }),
  caFile: filePath()
    .optional()
    .meta({ description: 'PEM file of the certificate authorities to trust instead of the system’s.' }),
  database: z.int().min(0).max(1023).default(0).meta({ description: 'Database number; 0 for a cluster.' }),
  keyPrefix: text(64).default('rolegate:').meta({ description: 'Put before every key.' }),
  timeout: milliseconds(10, 60_000).prefault('2s').meta({ description: 'How long one command may take.' }),
  insecureAllowPlaintext: z.boolean().default(false).meta({
    description: 'Accept Redis without TLS beyond loopback, in a network that you trust with every session.',
  }),
})

const embedded = fields({
  type: z
    .literal('embedded')
    .meta({ description: 'Durable files in the data directory, shared by the processes of one machine.' }),
})

const server = fields({
  listen: address()
    .prefault('127.0.0.1:8080')
    .meta({ description: '`host:port` to listen on; `[::1]:8080` for IPv6. `--listen` wins.' }),
  publicUrl: address().optional().meta({
    description: 'How people and programs reach the server, with no path. Default: made of `listen`.',
  }),
  publicHosts: z.array(address()).default([]).meta({
    description:
      'More host names (with port, unless it is the scheme’s own) that signed requests may name; the host of `publicUrl` is always one.',
  }),
  workers: z
    .union([
      z.literal('auto', { error: 'must be a whole number from 1 to 64, or `auto`' }),
      z.int().min(1).max(64),
    ])
    .default(1)
    .meta({
      description:
        'Processes that serve on the one address, 1 to 64; `auto`: as many as there are processor cores.',
    }),
  tls: z
    .union([
      z.literal('generated'),
      fields({
        certificateFile: filePath().meta({ description: 'PEM file: the certificate, then its chain.' }),
        keyFile: filePath().meta({ description: 'PEM file of the private key.' }),
      }),
    ])
    .optional()
    .meta({
      description:
        'Serve HTTPS: two files, or `generated` for the self-signed pair in the certificates directory.',
    }),
  trustedProxies: z.array(text(64)).default([]).meta({
    description:
      'Addresses or CIDR blocks of proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.',
  }),
  insecureHttp: z.boolean().default(false).meta({
    description: 'Accept plain HTTP beyond loopback. Passwords and credentials then travel readable.',
  }),
  shutdownTimeout: seconds(0, 600)
    .prefault('20s')
    .meta({ description: 'How long requests under way may take after SIGTERM.' }),
})

export const serverFile = fields({
  $schema: schemaHint(),
  server: server.prefault({}).meta({ description: 'Addresses and how the server is reached.' }),
  keyRing: secret().optional().meta({
    description:
      'Text of the key ring, as a reference: 32 random bytes in base64, or a ring file. Default: `keys.json` in the data directory, made on first start.',
  }),
  store: z
    .discriminatedUnion('type', [embedded, redis])
    .prefault({ type: 'embedded' })
    .meta({ description: 'Where sessions, pending sign-ins and revocations are kept.' }),
  sessions: fields({
    signIn: seconds(300, 604_800)
      .prefault('12h')
      .meta({ description: 'How long a browser stays signed in.' }),
    cli: seconds(300, 604_800)
      .prefault('12h')
      .meta({ description: 'How long the command line stays signed in.' }),
  })
    .prefault({})
    .meta({ description: 'Sign-in sessions.' }),
  sts: fields({
    maxSessionDuration: seconds(900, longestSession)
      .prefault('36h')
      .meta({ description: 'No credential lives longer, whatever its role says. AWS: 12h.' }),
    clockSkew: seconds(0, 3600)
      .prefault('15m')
      .meta({ description: 'How far the time in a signed request may be off. AWS: 15m.' }),
    replayProtection: z.boolean().default(false).meta({
      description:
        'Refuse a second use of one signature. Off, since stock clients sign two equal calls of one second alike.',
    }),
    maxChainLength: z
      .int()
      .min(1)
      .max(50)
      .default(10)
      .meta({ description: 'How many roles may be assumed one from another. AWS: no such limit.' }),
    roleChaining: fields({
      maxSessionDuration: seconds(900, longestSession)
        .prefault('36h')
        .meta({ description: 'Maximum for a role assumed with temporary credentials. AWS: 1h.' }),
    })
      .prefault({})
      .meta({ description: 'Roles assumed from roles.' }),
  })
    .prefault({})
    .meta({ description: 'Temporary credentials.' }),
  revocation: fields({
    strict: z.boolean().default(false).meta({
      description:
        'Refuse temporary credentials while revocations cannot be heard of. Off: accept them, and say so in the metrics.',
    }),
    lostAfter: seconds(1, 3600)
      .prefault('5s')
      .meta({ description: 'After this long without a word from the feed it counts as lost.' }),
  })
    .prefault({})
    .meta({ description: 'How revoked credentials are kept out.' }),
  webIdentityTokens: fields({
    enabled: z.boolean().default(true).meta({
      description:
        'Answer GetWebIdentityToken and be an OpenID Connect issuer. AWS: off until switched on in an account.',
    }),
    accounts: z.array(text(64)).min(1).optional().meta({
      description: 'Ids or aliases of the accounts whose principals may ask. Default: every account.',
    }),
  })
    .prefault({})
    .meta({ description: 'Tokens of Rolegate’s own, for whatever speaks OpenID Connect.' }),
  services: z
    .array(serviceEntry)
    .default([])
    .meta({ description: 'Upstreams that a reverse proxy guards by asking `GET /v1/verify`.' }),
  throttle: fields({
    attempts: z
      .int()
      .min(1)
      .max(1000)
      .default(10)
      .meta({ description: 'Failed passwords per account and per address before 429.' }),
    window: seconds(1, 86_400)
      .prefault('15m')
      .meta({ description: 'Over how long they are counted, and how long the refusal lasts.' }),
  })
    .prefault({})
    .meta({ description: 'Wrong passwords.' }),
  audit: fields({
    file: z
      .union([text(4096), z.null()])
      .default('audit.jsonl')
      .meta({ description: 'JSON-lines file, relative to the data directory; `null`: none.' }),
    stdout: z.boolean().default(false).meta({ description: 'Also write the records to standard output.' }),
  })
    .prefault({})
    .meta({ description: 'The record of every decision. At least one of the two must be on.' }),
  metrics: fields({
    listen: address().meta({ description: '`host:port` of the Prometheus listener.' }),
  })
    .optional()
    .meta({ description: 'Prometheus metrics at `/metrics` on a listener of their own; absent: off.' }),
  log: fields({
    level: z
      .enum(['debug', 'info', 'warn', 'error'])
      .default('info')
      .meta({ description: 'The least that is logged.' }),
  })
    .prefault({})
    .meta({ description: 'The server’s log on standard error.' }),
  branding: fields({
    name: text(64).default('Rolegate').meta({ description: 'What the portal calls itself.' }),
  })
    .prefault({})
    .meta({ description: 'The portal’s looks.' }),
})
