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

export interface ExitsFile {
  /** Empty: there is none. */
  readonly path: string;
  readonly exits: readonly NodeExit[];
}

const EXITS_MAX = 50_000;
const FAULTS_TOLD = 3;
const BLOCK_BITS = 64;
/** A machine answers itself within this time, however busy it is. */
const OWN_MS = 5_000;

/** A string of JSON has no bare line feed, and is one token whatever is in it. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[\n{}[\],]|[^\s"{}[\],]+/g;

const name = z.string().min(1).max(64);
const exit = z.strictObject({
  address: z.string().transform((written, context) => {
    const { value } = readBlock(written);
    if (value !== undefined && (value.text === value.address || value.bits === BLOCK_BITS)) return value.text;
    const not = value === undefined ? '' : `, not a /${String(value.bits)}`;
    context.addIssue({ code: 'custom', message: `must be an address or an IPv6 block of /64${not}` });
    return z.NEVER;
  }),
  country: z.string().regex(/^[A-Z]{2}$/, 'must be two capital letters'),
  region: name.nullable().default(null),
  city: name.nullable().default(null),
  asn: z.int().min(0).nullable().default(null),
  product: name,
});
const exits = z.array(exit).min(1, 'is empty').max(EXITS_MAX);

/** An empty path: no exits. */
export function readExitsFile(path: string): Reading<ExitsFile> {
  if (path === '') return { value: { path, exits: [] } };
  let text: string;
  let content: unknown;
  try {
    text = readFileSync(path, 'utf8');
    content = JSON.parse(text);
  } catch (err) {
    const { code } = err as NodeJS.ErrnoException;
    return {
      reason: code === undefined ? 'names a file that is not JSON' : `names a file that cannot be read (${code})`,
    };
  }
  const { success, data, error } = exits.safeParse(content);
  if (!success) {
    const lines = linesOf(text);
    const faults = error.issues.slice(0, FAULTS_TOLD).map(({ path: [at, ...field], message }) => {
      const line = typeof at === 'number' ? `line ${String(lines[at])}: ` : '';
      return `${line}${field.map(String).join('.') || 'it'} ${message}`;
    });
    return { reason: `names a file with faults: ${faults.join('; ')}` };
  }
  const seen = new Map<string, number>();
  for (const [at, { address }] of data.entries()) {
    const before = seen.get(address);
    if (before !== undefined)
      return { reason: `names a file that has ${address} twice, ${placesOf(text, before, at)}` };
    seen.set(address, at);
  }
  return { value: { path, exits: data } };
}

function placesOf(json: string, one: number, other: number): string {
  const lines = linesOf(json);
  return `in lines ${String(lines[one])} and ${String(lines[other])}`;
}

/** The line in which each entry of the list begins. */
function linesOf(json: string): readonly number[] {
  const lines: number[] = [];
  let [line, depth, isBefore] = [1, 0, false];
  for (const [token] of json.matchAll(TOKENS)) {
    if (token === '\n') line += 1;
    else if (depth === 1 && token === ',') isBefore = true;
    else {
      if (token === '}' || token === ']') depth -= 1;
      if (isBefore && depth === 1) lines.push(line);
      if (token === '{' || token === '[') depth += 1;
      isBefore = depth === 1 && token === '[';
    }
  }
  return lines;
}

/** Whether an address is one of these exits, or in one of their blocks: a node answers there. */
export function isAmong(exits: readonly string[]): (address: string) => boolean {
  const known = new Set(exits);
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
