// What the service answers (protocol 1), read strictly: an answer in another form counts as none.
import { z } from 'zod';
import type { PoolExit, Right } from '../rights';

export const PROTOCOL = '1';

const bytes = z.number().int().min(0);
const time = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const end = time.nullable();
const places = { region: z.string().nullable(), city: z.string().nullable(), asn: z.number().int().nullable() };
const names = z.array(z.string()).readonly();

export const registered = z.object({
  epoch: z.number().int().min(1),
  /** Base64. */
  key: z.string().min(1),
  now: time,
  /** Addresses of all nodes. */
  nodes: names.default([]),
});

const lease = z.object({
  subject: z.string(),
  granted: bytes,
  used: bytes,
  /** What nobody holds. */
  free: bytes,
  /** Unused at other nodes. */
  elsewhere: bytes,
  /** Another node asks for some, and there is none. */
  is_needed: z.boolean().default(false),
  /** Nodes hold more than a hard stop allows: what is not used goes back at once. */
  is_stopped: z.boolean().default(false),
});

export const taken = z.object({
  seq: z.number().int(),
  now: time,
  leases: z.array(lease),
  /** The node takes no new connections, and ends after so long. */
  drain_s: z.number().int().min(0).nullable().default(null),
});

/** The answers 409: the number is not the next one, or the epoch is over (`seq`: the last number that was taken). */
export const notTaken = z.union([
  z.object({ closed: z.literal(true), seq: z.number().int().min(0).optional() }),
  z.object({ expected: z.number().int().min(1) }),
]);

/** Also its form on disk. */
export const upstreamEndpoint = z.object({
  address: z.union([z.ipv4(), z.ipv6()]),
  port: z.int().min(1).max(65_535),
  protocol: z.enum(['http', 'socks5']),
  username: z.string().min(1).max(255),
  password: z.string().min(1).max(255),
});

const rightOrEnd = z.union([
  z.object({ subject: z.string(), is_removed: z.literal(true) }),
  z.object({
    subject: z.string(),
    kind: z.enum(['proxy', 'plan', 'subuser']),
    account_id: z.string(),
    is_enabled: z.boolean(),
    suspended_for: z.string().nullable(),
    logins: z.array(z.object({ name: z.string(), digest: z.string(), until: end })),
    blocks: z.array(z.object({ block: z.string(), until: end })),
    port: z.number().int().nullable(),
    protocol: z.enum(['http', 'socks5', 'both']),
    exits: z.union([
      z.object({ kind: z.literal('fixed'), address: z.string(), country: z.string() }),
      z.object({ kind: z.literal('pool'), pool: z.string() }),
    ]),
    upstream: upstreamEndpoint.nullable().default(null),
    rotation_s: z.number().int().nullable(),
    valid_until: time,
    concurrency: z.number().int(),
    bandwidth_bps: z.number().nullable(),
    is_metered: z.boolean(),
    blocked_domains: names,
    allowed_domains: names.nullable(),
  }),
]);

export const accessAnswer = z.object({
  number: z.number().int().min(0),
  now: time,
  is_whole: z.boolean(),
  key: z.string().min(1),
  rights: z.array(rightOrEnd),
  pools: z
    .record(z.string(), z.array(z.object({ address: z.string(), country: z.string(), ...places })).readonly())
    .readonly()
    .nullable()
    .default(null),
  nodes: names.default([]),
  /** Exits of all nodes, addresses and blocks; null: as before. */
  exits: names.nullable().default(null),
  /** Public keys of the service's checks: base64. */
  check_keys: names.default([]),
  /** More of the whole is behind this number: it is asked for with `whole=1`. */
  is_more: z.boolean().default(false),
});

/** As they are sent. */
export type RegisteredAnswer = z.input<typeof registered>;
export type TakenAnswer = z.input<typeof taken>;
export type NotTakenAnswer = z.input<typeof notTaken>;
export type AccessAnswer = z.input<typeof accessAnswer>;

export type Registered = z.output<typeof registered>;
export type LeaseAnswer = z.output<typeof lease>;

export type ExchangeAnswer =
  | {
      readonly kind: 'taken';
      readonly nowMs: number;
      readonly leases: readonly LeaseAnswer[];
      readonly drainS: number | null;
    }
  | { readonly kind: 'closed'; readonly seq: number | null }
  | { readonly kind: 'gap'; readonly expected: number };

/** One answer of the feed, in the node's own terms. It is also what is kept on disk. */
export interface AccessChange {
  readonly number: number;
  readonly isWhole: boolean;
  /** Of a whole, with more behind this number. */
  readonly isMore: boolean;
  /** Base64. */
  readonly key: string;
  readonly rights: readonly Right[];
  readonly removed: readonly string[];
  readonly pools: Readonly<Record<string, readonly PoolExit[]>> | null;
  /** Addresses of all nodes. */
  readonly nodes: readonly string[];
  /** Exits of all nodes; null: as before. */
  readonly exits: readonly string[] | null;
  /** Of the service's checks. */
  readonly checkKeys: readonly string[];
}

export function changeOf(answer: z.output<typeof accessAnswer>): AccessChange {
  const { number, is_whole: isWhole, is_more: isMore, key, pools, nodes, exits, check_keys: checkKeys } = answer;
  const removed = answer.rights.flatMap((one) => ('is_removed' in one ? [one.subject] : []));
  const rights = answer.rights.flatMap((one) => ('is_removed' in one ? [] : [rightOf(one)]));
  return { number, isWhole, isMore: isWhole && isMore, key, rights, removed, pools, nodes, exits, checkKeys };
}

type WireRight = Exclude<z.output<typeof rightOrEnd>, { is_removed: true }>;

function rightOf(wire: WireRight): Right {
  const { subject, kind, logins, blocks, port, protocol, exits, concurrency } = wire;
  return {
    subject,
    kind,
    accountId: wire.account_id,
    isEnabled: wire.is_enabled,
    suspendedFor: wire.suspended_for,
    logins: logins.map(({ name, digest, until }) => ({ name, digest, untilMs: until })),
    blocks: blocks.map(({ block, until }) => ({ block, untilMs: until })),
    port,
    protocol,
    exits,
    upstream: wire.upstream,
    rotationS: wire.rotation_s,
    validUntilMs: wire.valid_until,
    concurrency,
    bandwidthBps: wire.bandwidth_bps,
    isMetered: wire.is_metered,
    blockedDomains: wire.blocked_domains,
    allowedDomains: wire.allowed_domains,
  };
}
