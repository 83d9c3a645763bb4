// The form of access on disk. A file of another version, or a damaged one, is as none.
import { z } from 'zod';
import { upstreamEndpoint, type AccessChange } from './wire';

/** A change, and how far the service's clock was ahead of this machine's. */
export interface KeptChange extends AccessChange {
  readonly aheadMs: number;
}

const VERSION = 1;

const end = z.number().nullable();

const right = z.object({
  subject: z.string(),
  kind: z.enum(['proxy', 'plan', 'subuser']),
  accountId: z.string(),
  isEnabled: z.boolean(),
  suspendedFor: z.string().nullable(),
  logins: z.array(z.object({ name: z.string(), digest: z.string(), untilMs: end })),
  blocks: z.array(z.object({ block: z.string(), untilMs: end })),
  port: z.number().int().nullable(),
  protocol: z.enum(['http', 'socks5', 'both']),
  exits: z.union([
    z.object({ kind: z.literal('fixed'), address: z.string(), country: z.string() }),
    z.object({ kind: z.literal('pool'), pool: z.string() }),
  ]),
  upstream: upstreamEndpoint.nullable().default(null),
  rotationS: z.number().nullable(),
  validUntilMs: z.number(),
  concurrency: z.number(),
  bandwidthBps: z.number().nullable(),
  isMetered: z.boolean(),
  blockedDomains: z.array(z.string()),
  allowedDomains: z.array(z.string()).nullable(),
});

const poolExit = z.object({
  address: z.string(),
  country: z.string(),
  region: z.string().nullable(),
  city: z.string().nullable(),
  asn: z.number().nullable(),
});

const keptChange: z.ZodType<KeptChange> = z.object({
  version: z.literal(VERSION),
  number: z.number().int().min(0),
  isWhole: z.boolean(),
  isMore: z.boolean(),
  key: z.string().min(1),
  rights: z.array(right),
  removed: z.array(z.string()),
  pools: z.record(z.string(), z.array(poolExit)).nullable(),
  nodes: z.array(z.string()),
  exits: z.array(z.string()).nullable().default(null),
  checkKeys: z.array(z.string()).default([]),
  aheadMs: z.number(),
});

/** Null: it is none. */
export function readKept(line: string): KeptChange | null {
  try {
    return keptChange.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

export function textOfKept(change: KeptChange): string {
  return JSON.stringify({ version: VERSION, ...change });
}
