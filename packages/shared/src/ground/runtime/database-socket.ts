// The connection of a pool to PostgreSQL, which is looked for where it was while the name server is slow or away.
import { isIP, Socket } from 'node:net';
import { serviceLookup } from './service-lookup';

/** One for the process: what a pool has found, the others need not ask for. */
const lookup = serviceLookup();

class DatabaseSocket extends Socket {
  /** As `pg` calls it: a port and a host, or the path of a socket. */
  override connect(...args: unknown[]): this {
    const [port, host] = args;
    if (typeof host !== 'string' || isIP(host) !== 0) return super.connect(...(args as [number, string]));
    return super.connect({ port: Number(port), host, lookup });
  }
}

/** For the `stream` of a pool's settings. */
export function databaseSocket(): Socket {
  return new DatabaseSocket();
}
