// The addresses of services, by their names. A name server may be slow or away for some seconds, such as that of a
// container engine while a container starts; a service that was found a moment ago is then looked for where it was.
import { lookup as askSystem, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { elapsedMs } from './clock';

/** An answer that takes longer is not waited for when an earlier one is known. */
const PATIENCE_MS = 250;
/** An earlier answer serves for so long. Pools keep their connections, so it may be old when it is needed. */
const KNOWN_MS = 3_600_000;
/** The name server did not answer. That a name does not exist is an answer. */
const NO_ANSWER = 'EAI_AGAIN';

export type Ask = (name: string) => Promise<readonly LookupAddress[]>;

interface Known {
  readonly addresses: readonly LookupAddress[];
  readonly atMs: number;
}

const bySystem: Ask = (name) =>
  new Promise((resolve, reject) =>
    askSystem(name, { all: true }, (err, addresses) => (err === null ? resolve(addresses) : reject(err))),
  );

/** For `net.connect`. The names of one service are few, so nothing is forgotten. */
export function serviceLookup(ask: Ask = bySystem): LookupFunction {
  const known = new Map<string, Known>();
  /** A slow question is asked once, however many wait for it. */
  const asked = new Map<string, Promise<readonly LookupAddress[]>>();

  const answerOf = (name: string): Promise<readonly LookupAddress[]> => {
    const open = asked.get(name);
    if (open !== undefined) return open;
    const answer = ask(name)
      .then((addresses) => {
        known.set(name, { addresses, atMs: elapsedMs() });
        return addresses;
      })
      .finally(() => asked.delete(name));
    asked.set(name, answer);
    return answer;
  };

  const addressesOf = async (name: string): Promise<readonly LookupAddress[]> => {
    const answer = answerOf(name);
    const before = known.get(name);
    if (before === undefined || elapsedMs() - before.atMs > KNOWN_MS) return answer;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<readonly LookupAddress[]>((resolve) => {
      timer = setTimeout(() => resolve(before.addresses), PATIENCE_MS);
    });
    const inTime = answer.catch((err: unknown) => {
      if (err instanceof Error && 'code' in err && err.code === NO_ANSWER) return before.addresses;
      throw err;
    });
    return Promise.race([inTime, late]).finally(() => clearTimeout(timer));
  };

  return (name, { all, family }, callback) => {
    addressesOf(name).then(
      (addresses) => {
        const wanted = [4, 6].includes(Number(family)) ? addresses.filter((one) => one.family === family) : addresses;
        const [first] = wanted;
        if (all === true) callback(null, [...wanted]);
        else callback(null, first?.address ?? '', first?.family);
      },
      (err: NodeJS.ErrnoException) => callback(err, ''),
    );
  };
}
