// The addresses of services while their name server is slow, away, or says that they are gone.
import { createServer, connect, type AddressInfo, type LookupFunction } from 'node:net';
import { once } from 'node:events';
import type { LookupAddress } from 'node:dns';
import { serviceLookup, type Ask } from './service-lookup';

const [OLD, NEW]: readonly LookupAddress[] = [
  { address: '192.0.2.1', family: 4 },
  { address: '192.0.2.2', family: 4 },
];

function addressesBy(lookup: LookupFunction, name = 'domains'): Promise<unknown> {
  return new Promise((resolve, reject) =>
    lookup(name, { all: true }, (err, addresses) => (err === null ? resolve(addresses) : reject(err))),
  );
}

function failure(code: string): Error {
  return Object.assign(new Error(`getaddrinfo ${code}`), { code, syscall: 'getaddrinfo' });
}

describe('a service', () => {
  const never: Ask = () => new Promise(() => undefined);
  let ask: Ask;
  let lookup: LookupFunction;
  let count: number;
  beforeEach(() => {
    count = 0;
    ask = () => Promise.resolve([OLD as LookupAddress]);
    lookup = serviceLookup((name) => {
      count += 1;
      return ask(name);
    });
  });

  it('is looked for where the name server says, each time', async () => {
    expect(await addressesBy(lookup)).toEqual([OLD]);
    ask = () => Promise.resolve([NEW as LookupAddress]);
    expect(await addressesBy(lookup)).toEqual([NEW]);
  });

  it('is looked for where it was while the name server is silent, which is asked once for all', async () => {
    await addressesBy(lookup);
    ask = never;
    expect(await Promise.all(Array.from({ length: 20 }, () => addressesBy(lookup)))).toEqual(
      Array.from({ length: 20 }, () => [OLD]),
    );
    expect(count).toBe(2);
  });

  it('is looked for where a late answer says, from then on', async () => {
    await addressesBy(lookup);
    let answer: (addresses: readonly LookupAddress[]) => void = () => undefined;
    ask = () => new Promise((resolve) => (answer = resolve));
    expect(await addressesBy(lookup)).toEqual([OLD]);
    answer([NEW as LookupAddress]);
    await new Promise(setImmediate);
    ask = never;
    expect(await addressesBy(lookup)).toEqual([NEW]);
  });

  it('is looked for where it was when the name server does not answer, and nowhere when it knows of none', async () => {
    ask = () => Promise.reject(failure('EAI_AGAIN'));
    await expect(addressesBy(lookup)).rejects.toThrow('EAI_AGAIN');
    ask = () => Promise.resolve([OLD as LookupAddress]);
    await addressesBy(lookup);
    ask = () => Promise.reject(failure('EAI_AGAIN'));
    expect(await addressesBy(lookup)).toEqual([OLD]);
    ask = () => Promise.reject(failure('ENOTFOUND'));
    await expect(addressesBy(lookup)).rejects.toThrow('ENOTFOUND');
  });

  it('is connected to by the system’s own name server', async () => {
    const server = createServer((socket) => socket.end('here'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (const autoSelectFamily of [true, false]) {
      const socket = connect({ host: 'localhost', port, family: 4, lookup: serviceLookup(), autoSelectFamily });
      const [bytes] = (await once(socket, 'data')) as [Buffer];
      expect(bytes.toString()).toBe('here');
      socket.destroy();
    }
    server.close();
  });
});
