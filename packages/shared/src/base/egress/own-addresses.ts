// The addresses of this machine. The kernel is asked every ten seconds: asking costs more than a whole connection.
import { networkInterfaces } from 'node:os';
import { elapsedMs } from '../../ground/runtime';

const FRESH_MS = 10_000;

let found: ReadonlySet<string> = new Set();
let foundAtMs = Number.NEGATIVE_INFINITY;

export function ownAddresses(): ReadonlySet<string> {
  const now = elapsedMs();
  if (now - foundAtMs >= FRESH_MS) {
    found = new Set(Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address)));
    foundAtMs = now;
  }
  return found;
}
