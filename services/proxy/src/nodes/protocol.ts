// What a node sends (protocol 1). Everything is bounded: the whole body in bytes, each field in length. The node's side
// takes its types from here, and the service's answers have the types of the node's `wire.ts`: each shape stands once.
import { z } from 'zod';
import { readBlock } from '@lumi/shared/addresses';
import { isId } from '@lumi/shared/contract';
import { SIGNS } from '../store/abuse-signs';
import { REFUSALS, type RefusalWord } from '../node/refusals';

export const PROTOCOL = 1;
export const BODY_BYTES_MAX = 8 * 1024 * 1024;

const id = z.string().min(1).max(64);
const bytes = z.int().min(0);
const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const country = z.string().regex(/^[A-Z]{2}$/);
const port = z.int().min(1).max(65_535);

const BLOCK_BITS = 64;
/** An address, or an IPv6 block of 64 bits, in its shortest form. */
const exitAddress = z
  .string()
  .max(64)
  .transform((text, context) => {
    const { value } = readBlock(text);
    if (value !== undefined && (value.text === value.address || (value.bits === BLOCK_BITS && value.family === 'ipv6')))
      return value.text;
    context.addIssue({ code: 'custom', message: 'must be an address or an IPv6 block of /64' });
    return z.NEVER;
  });

export const registerBody = z.object({
  version: z.string().max(64),
  /** That customers connect to; null: the service's. */
  entry_host: z
    .string()
    .regex(/^[A-Za-z0-9.:-]{1,253}$/)
    .nullable()
    .default(null),
  ports: z
    .object({ first: port, last: port, http: port, socks: port })
    .refine(({ first, last }) => first <= last, 'the range must not be empty'),
  exits: z
    .array(
      z.object({
        address: exitAddress,
        country,
        region: z.string().max(64).nullable(),
        city: z.string().max(64).nullable(),
        asn: z.int().min(0).nullable(),
        product: z.string().max(64),
      }),
    )
    .max(50_000)
    .readonly(),
  /** Targets that its operator lifted from the deny list. */
  allowed: z.array(z.string().max(100)).max(100).readonly().default([]),
});

/** What a node says of itself when a process of it begins. */
export type Registration = Readonly<z.output<typeof registerBody>>;

/** `hour`: its begin. */
const usageLine = z.object({
  subject: id,
  hour: time,
  country,
  target: z.string().max(253),
  up: bytes,
  down: bytes,
  requests: bytes,
  errors: bytes,
});

/** `keep`: what is granted beyond it is given back. `want`: how many bytes the node would like to have unused. */
const want = z.object({ subject: id, keep: bytes.optional(), want: bytes.optional() });

const seen = z.object({ subject: id, block: z.string().max(64).nullable(), at: time });

const exitChange = z.object({ subject: id, address: z.union([z.ipv4(), z.ipv6()]), at: time });

export const exchangeBody = z.object({
  epoch: z.int().min(1),
  seq: z.int().min(1),
  lines: z.array(usageLine).readonly(),
  wants: z.array(want).readonly(),
  seen: z.array(seen).readonly(),
  exits_changed: z.array(exitChange).readonly(),
  state: z.object({ connections: z.int().min(0), bytes_per_s: z.number().min(0) }),
  /** Read one by one: a report that is not understood must not hold up usage. */
  connections: z.array(z.unknown()).default([]).catch([]),
  signs: z.array(z.unknown()).default([]).catch([]),
});

export type UsageLine = Readonly<z.input<typeof usageLine>>;
export type Want = Readonly<z.input<typeof want>>;
export type Seen = Readonly<z.input<typeof seen>>;
export type ExitChange = Readonly<z.input<typeof exitChange>>;
/** Without the reports, which are read one by one. */
export type ExchangeBody = Readonly<Omit<z.input<typeof exchangeBody>, 'connections' | 'signs'>>;

const address = z.union([z.ipv4(), z.ipv6()]);
export const connectionReport = z.object({
  id: z.string().refine((text) => isId(text, 'cnx')),
  subject: id,
  at: time,
  client: address,
  protocol: z.enum(['http', 'socks5']),
  target: z.string().max(253).nullable(),
  exit: address.nullable(),
  up: bytes,
  down: bytes,
  ms: z.int().min(0).max(2_000_000_000),
  refusal: z.enum(Object.keys(REFUSALS) as RefusalWord[]).nullable(),
});

export const signReport = z.object({ sign: z.enum(SIGNS), who: z.string().min(1).max(64), at: time });

export type ConnectionReport = Readonly<z.input<typeof connectionReport>>;
export type SignReport = Readonly<z.input<typeof signReport>>;

export const leaveBody = z.object({ epoch: z.int().min(1) });

export const accessQuery = z.object({
  after: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
  wait: z.coerce.number().int().min(0).max(25).default(0),
  /** The next page of a whole, of which `after` was the last one's number. */
  whole: z.enum(['1']).optional(),
});
