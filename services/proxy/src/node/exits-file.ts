// PROXY_NODE_EXITS: a JSON file of the addresses by which customers leave this node. The service sells them.
import { readFileSync } from 'node:fs';
import { connect, createServer, isIPv6, type AddressInfo } from 'node:net';
import { readBlock } from '@lumi/shared/addresses';
import type { Reading } from '@lumi/shared/contract';
import { z } from 'zod';

export interface NodeExit {
  /** An address, or an IPv6 block of 64 bits of which any address may be used. */
  readonly address: string;
  readonly country: string;
  readonly region: string | null;
  readonly city: string | null;
  readonly asn: number | null;
  readonly product: string;
}

const EXITS_MAX = 50_000;
const FAULTS_TOLD = 3;
const BLOCK_BITS = 64;
/** A machine answers itself within this time, however busy it is. */
const OWN_MS = 5_000;

const text = z.string().min(1).max(64);
const exit = z.strictObject({
  address: z.string().transform((written, context) => {
    const { value } = readBlock(written);
    if (value !== undefined && (value.text === value.address || value.bits === BLOCK_BITS)) return value.text;
    context.addIssue({ code: 'custom', message: 'is no address and no IPv6 block of 64 bits' });
    return z.NEVER;
  }),
  country: z.string().regex(/^[A-Z]{2}$/, 'must be two capital letters'),
  region: text.nullable().default(null),
  city: text.nullable().default(null),
  asn: z.int().min(0).nullable().default(null),
  product: text,
});
const exits = z.array(exit).min(1, 'is empty').max(EXITS_MAX);

/** An empty path: no exits. */
export function readExitsFile(path: string): Reading<readonly NodeExit[]> {
  if (path === '') return { value: [] };
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, 'utf8'));
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException;
    return {
      reason: code === undefined ? 'names a file that is not JSON' : `names a file that cannot be read (${code})`,
    };
  }
  const { success, data, error } = exits.safeParse(content);
  if (!success) {
    const faults = error.issues.map(({ path: at, message }) => `${at.map(String).join('.') || 'it'} ${message}`);
    return { reason: `names a file with faults: ${faults.slice(0, FAULTS_TOLD).join('; ')}` };
  }
  const double = data.find(({ address }, i) => data.findIndex((other) => other.address === address) !== i);
  return double === undefined ? { value: data } : { reason: `names a file that has ${double.address} twice` };
}

/** Whether an address is one of the exits, or in one of their blocks: this machine answers there. */
export function isExitOf(all: readonly NodeExit[]): (address: string) => boolean {
  const known = new Set(all.map(({ address }) => address));
  return (address) =>
    known.has(address) ||
    (isIPv6(address) && known.has(readBlock(`${address}/${String(BLOCK_BITS)}`).value?.text ?? ''));
}

/** Of these exits, those that this machine cannot use. */
export async function unusableExits(all: readonly NodeExit[]): Promise<readonly string[]> {
  const unusable: string[] = [];
  for (const { address } of all) if (!(await canUse(address))) unusable.push(address);
  return unusable;
}

async function canUse(written: string): Promise<boolean> {
  const [address = '', bits] = written.split('/');
  // The first address of a block means all routers of its network; the next one stands for the block.
  const host = bits === undefined ? address : `${address.replace(/::$/, '')}::1`;
  const server = createServer((socket) => socket.destroy());
  const isBound = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen({ host, port: 0 }, () => resolve(true));
  });
  if (!isBound) return false;
  // With `ip_nonlocal_bind` every address can be bound. Answers come only to one that has a local route.
  const isRouted = bits === undefined || (await answers(host, (server.address() as AddressInfo).port));
  server.close();
  return isRouted;
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const over = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.setTimeout(OWN_MS, () => over(false));
    socket.on('error', () => over(false));
    socket.on('connect', () => over(true));
  });
}
