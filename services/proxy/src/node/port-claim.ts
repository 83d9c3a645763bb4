// Which ports this node uses. Those of the settings, or those that it had before, or the usual ones, or others when
// another installation on the machine has them. The port before a range that was not asked for is held
// without serving anything: it is the sign that the range is taken.
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, replaceFile } from './control/private-file';

export interface Range {
  readonly first: number;
  readonly last: number;
}

export interface ClaimedPorts {
  readonly range: Range;
  readonly http: number;
  readonly socks: number;
}

export interface PortWishes {
  readonly host: string;
  /** Null: not set. */
  readonly range: Range | null;
  readonly http: number | null;
  readonly socks: number | null;
  /** Where the last choice is kept. */
  readonly folder: string;
}

const USUAL: Range = { first: 20_000, last: 29_999 };
/** Those below the ports that systems give out by themselves come first. */
const OTHERS: readonly Range[] = [10_001, 30_001]
  .flatMap((begin, i) => Array.from({ length: i === 0 ? 9 : 30 }, (_, step) => begin + step * 1_000))
  .map((first) => ({ first, last: first + 998 }));
const FIRST_ENTRIES = 50;
const USUAL_HTTP = 19_080;
const USUAL_SOCKS = 19_081;

const port = z.number().int().min(1).max(65_535);
const kept = z.object({ range: z.object({ first: port, last: port }), http: port, socks: port });

/** Throws with a sentence when ports that were asked for are taken. */
export async function claimPorts({ host, range, http, socks, folder }: PortWishes): Promise<ClaimedPorts> {
  const file = join(folder, 'ports.json');
  const before = await readBefore(file);
  const claimed = range === null ? await claimRange(host, [before?.range, USUAL, ...OTHERS]) : await asked(host, range);
  if (claimed === null)
    throw new Error(
      range === null
        ? 'no range of ports is free for entries; set PROXY_NODE_PORTS'
        : `port ${String(range.first)}, the first of PROXY_NODE_PORTS, is taken; choose another range`,
    );
  return {
    range: claimed,
    http: http ?? (await firstFree(host, [before?.http, USUAL_HTTP])),
    socks: socks ?? (await firstFree(host, [before?.socks, USUAL_SOCKS])),
  };
}

/** Keeps what was chosen and opened for the next start. */
export async function keepPorts(folder: string, { range, http, socks }: ClaimedPorts): Promise<void> {
  await replaceFile(join(folder, 'ports.json'), JSON.stringify({ range, http, socks }));
}

async function readBefore(file: string): Promise<z.output<typeof kept> | null> {
  try {
    return kept.parse(JSON.parse((await readIfThere(file)) ?? 'null'));
  } catch {
    return null; // Chosen anew.
  }
}

async function asked(host: string, range: Range): Promise<Range | null> {
  return (await firstFree(host, [range.first])) === 0 ? null : range;
}

async function claimRange(host: string, wished: readonly (Range | undefined)[]): Promise<Range | null> {
  const ranges = wished.filter((range) => range !== undefined);
  // On a busy machine every range may have a port in use; one that is not open yet is tried again while the node runs.
  return (await firstRange(host, ranges, isFreeAtFirst)) ?? firstRange(host, ranges, () => Promise.resolve(true));
}

async function firstRange(
  host: string,
  ranges: readonly Range[],
  isGood: (host: string, range: Range) => Promise<boolean>,
): Promise<Range | null> {
  for (const range of ranges) {
    const sign = await hold(host, range.first - 1);
    if (sign === null) continue;
    if (await isGood(host, range)) return range;
    await new Promise((resolve) => sign.close(resolve));
  }
  return null;
}

/** The first entries are the first to be sold: no other program may have one of them. */
async function isFreeAtFirst(host: string, { first, last }: Range): Promise<boolean> {
  for (let one = first; one <= Math.min(last, first + FIRST_ENTRIES); one += 1)
    if ((await firstFree(host, [one])) === 0) return false;
  return true;
}

/** 0 leaves the choice to the system. */
async function firstFree(host: string, ports: readonly (number | undefined)[]): Promise<number> {
  for (const one of ports) {
    const server = one === undefined ? null : await hold(host, one);
    if (server === null || one === undefined) continue;
    await new Promise((resolve) => server.close(resolve));
    return one;
  }
  return 0;
}

/** Null: it is taken. */
function hold(host: string, wished: number): Promise<Server | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', () => resolve(null));
    server.listen({ host, port: wished, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}
