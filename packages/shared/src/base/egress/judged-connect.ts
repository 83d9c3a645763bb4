// A connector of undici that dials judged addresses and nothing else: its look-up gives those, and the address of the
// open connection is compared with them. SNI and Host stay those of the URL.
import { isIPv4, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import { plainAddress } from '../../ground/addresses';

/** The connection went elsewhere. */
export class NotJudged extends Error {}

export interface ConnectOptions {
  readonly timeoutMs: number;
  readonly ca?: string;
}

export function connectingTo(
  addresses: readonly string[],
  { timeoutMs, ca }: ConnectOptions,
): buildConnector.connector {
  // The option of `net.connect` reaches it through undici. It is not called for a literal address, which is its own.
  const connect = buildConnector({
    timeout: timeoutMs,
    maxCachedSessions: 0,
    autoSelectFamily: true,
    lookup: lookupOf(addresses),
    ...(ca === undefined ? {} : { ca }),
  } as buildConnector.BuildOptions);
  return (options, callback) => {
    connect(options, (...[err, socket]) => {
      if (err !== null) return callback(err, null);
      if (addresses.includes(plainAddress(socket.remoteAddress ?? ''))) return callback(null, socket);
      socket.destroy();
      callback(new NotJudged(), null);
    });
  };
}

function lookupOf(addresses: readonly string[]): LookupFunction {
  const all = addresses.map((address) => ({ address, family: isIPv4(address) ? 4 : 6 }));
  return (_name, options, callback) => {
    if (options.all === true) return callback(null, all);
    const [first] = all;
    if (first === undefined) return callback(Object.assign(new Error('no address'), { code: 'ENOTFOUND' }), '', 0);
    callback(null, first.address, first.family);
  };
}
