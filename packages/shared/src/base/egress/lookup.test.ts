// What name servers answer, with a server of our own: the judge sees every answer, and a second look-up changes
// nothing.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { judgeOf } from './judge';
import { Lookup } from './lookup';
import { ownAddresses } from './own-addresses';
import { PORTS_REFUSED, readAllowed, readPorts } from './ports';
import { openResolver } from './resolver';
import { readTarget, type Target } from './target';

const QUESTION_AT = 12;
const NXDOMAIN = 3;

/** Answers from a table: `name` → [ttl, …addresses]; a name that is not there does not exist. */
class NameServer {
  readonly asked: string[] = [];
  readonly records = new Map<string, readonly [ttl: number, ...addresses: string[]]>();
  private constructor(private readonly socket: Socket) {
    socket.on('message', (message, { port, address }) => {
      const answer = this.answer(message);
      if (answer !== null) socket.send(answer, port, address);
    });
  }

  static async open(): Promise<NameServer> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new NameServer(socket);
  }

  get address(): string {
    const { port }: AddressInfo = this.socket.address();
    return `127.0.0.1:${String(port)}`;
  }

  close(): void {
    this.socket.close();
  }

  private answer(query: Buffer): Buffer | null {
    const labels: string[] = [];
    let at = QUESTION_AT;
    for (let size = query[at] ?? 0; size > 0; size = query[at] ?? 0) {
      labels.push(query.subarray(at + 1, at + 1 + size).toString('latin1'));
      at += size + 1;
    }
    const type = query.readUInt16BE(at + 1);
    const name = labels.join('.').toLowerCase();
    this.asked.push(`${type === 1 ? 'A' : 'AAAA'} ${name}`);
    const known = this.records.get(name);
    if (known?.[0] === -1) return null; // silence
    const [ttl, ...all] = known ?? [0];
    const addresses = all.filter((address) => address.includes(':') === (type === 28));
    const head = Buffer.from(query.subarray(0, at + 5));
    head.writeUInt16BE(0x8180 | (known === undefined ? NXDOMAIN : 0), 2);
    head.writeUInt16BE(addresses.length, 6);
    head.writeUInt32BE(0, 8);
    const answers = addresses.map((address) => {
      const data = type === 1 ? Buffer.from(address.split('.').map(Number)) : ipv6Bytes(address);
      const record = Buffer.alloc(12);
      record.writeUInt16BE(0xc00c, 0);
      record.writeUInt16BE(type, 2);
      record.writeUInt16BE(1, 4);
      record.writeUInt32BE(ttl, 6);
      record.writeUInt16BE(data.length, 10);
      return Buffer.concat([record, data]);
    });
    return Buffer.concat([head, ...answers]);
  }
}

function ipv6Bytes(address: string): Buffer {
  const [before = '', after = ''] = address.split('::');
  const words = (text: string): string[] => text.split(':').filter((word) => word !== '');
  const zeros = Array.from({ length: 8 - words(before).length - words(after).length }, () => '0');
  return Buffer.from(
    [...words(before), ...zeros, ...words(after)].map((word) => word.padStart(4, '0')).join(''),
    'hex',
  );
}

const named = (name: string, port = 443): Target => {
  const target = readTarget(name, port);
  if (target === null) throw new Error(`${name} is no target`);
  return target;
};

describe('a look-up', () => {
  let server: NameServer;
  let nowMs = 0;
  const opened = (allowed = ''): Lookup =>
    new Lookup(
      openResolver({ servers: [server.address], nowMs: () => nowMs }),
      judgeOf({
        refused: readPorts(PORTS_REFUSED).value ?? new Set(),
        allowed: readAllowed(allowed).value ?? { text: '', has: () => false },
        isOwn: (address) => ownAddresses().has(address),
      }),
    );
  beforeEach(async () => {
    server = await NameServer.open();
    nowMs = 0;
  });
  afterEach(() => server.close());

  it('gives the addresses of a name, of the families asked for, in their order', async () => {
    server.records.set('both.example', [30, '9.9.9.9', '2a00::1']);
    const lookup = opened();
    expect(await lookup.find(named('both.example'), [4, 6])).toEqual({ addresses: ['9.9.9.9', '2a00::1'] });
    expect(await lookup.find(named('both.example'), [6])).toEqual({ addresses: ['2a00::1'] });
    expect(server.asked.sort()).toEqual(['A both.example', 'AAAA both.example']);
  });

  it('refuses a name with one forbidden address among its answers', async () => {
    server.records.set('mixed.example', [30, '9.9.9.9', '10.0.0.1']);
    server.records.set('six.example', [30, '9.9.9.9', 'fd00::1']);
    const lookup = opened();
    expect(await lookup.find(named('mixed.example'), [4])).toEqual({ refusal: 'address' });
    expect(await lookup.find(named('six.example'), [4, 6])).toEqual({ refusal: 'address' });
  });

  it.each(['127.0.0.1', '169.254.169.254', '0.0.0.0', '::1', '::ffff:7f00:1', '64:ff9b::7f00:1', '2002:7f00:1::'])(
    'refuses a name that leads to %s',
    async (address) => {
      server.records.set('inside.example', [30, address]);
      const finding = await opened().find(named('inside.example'), [4, 6]);
      expect(['own', 'address']).toContain('refusal' in finding && finding.refusal);
    },
  );

  it('is judged anew after the TTL, so that a name that changes to a private address is refused', async () => {
    server.records.set('rebind.example', [1, '9.9.9.9']);
    const lookup = opened();
    expect(await lookup.find(named('rebind.example'), [4])).toEqual({ addresses: ['9.9.9.9'] });
    server.records.set('rebind.example', [1, '127.0.0.2']);
    nowMs = 999;
    expect(await lookup.find(named('rebind.example'), [4])).toEqual({ addresses: ['9.9.9.9'] });
    nowMs = 1_000;
    expect(await lookup.find(named('rebind.example'), [4])).toEqual({ refusal: 'address' });
  });

  it('asks again after a minute, however long the TTL is, and at once when it is 0', async () => {
    server.records.set('long.example', [86_400, '9.9.9.9']);
    server.records.set('short.example', [0, '9.9.9.9']);
    const lookup = opened();
    for (const at of [0, 59_999, 60_000]) {
      nowMs = at;
      await lookup.find(named('long.example'), [4]);
      await lookup.find(named('short.example'), [4]);
    }
    expect(server.asked.filter((one) => one === 'A long.example')).toHaveLength(2);
    expect(server.asked.filter((one) => one === 'A short.example')).toHaveLength(3);
  });

  it('asks once for many who want a name at the same time', async () => {
    server.records.set('busy.example', [0, '9.9.9.9']);
    const lookup = opened();
    const findings = await Promise.all(Array.from({ length: 50 }, () => lookup.find(named('busy.example'), [4])));
    expect(findings).toEqual(Array.from({ length: 50 }, () => ({ addresses: ['9.9.9.9'] })));
    expect(server.asked).toEqual(['A busy.example']);
  });

  it('tells a name without addresses of the family from one that does not exist', async () => {
    server.records.set('four.example', [30, '9.9.9.9']);
    server.records.set('empty.example', [30]);
    const lookup = opened();
    expect(await lookup.find(named('four.example'), [6])).toEqual({ refusal: 'family' });
    expect(await lookup.find(named('empty.example'), [4, 6])).toEqual({ refusal: 'dns' });
    expect(await lookup.find(named('absent.example'), [4, 6])).toEqual({ refusal: 'dns' });
  });

  it('says so when no server answers, and asks again the next time', async () => {
    server.records.set('silent.example', [-1]);
    const lookup = opened();
    expect(await lookup.find(named('silent.example'), [4])).toEqual({ refusal: 'dns_timeout' });
    server.records.set('silent.example', [30, '9.9.9.9']);
    expect(await lookup.find(named('silent.example'), [4])).toEqual({ addresses: ['9.9.9.9'] });
  });

  it('adds no search domain, and asks nobody for localhost', async () => {
    const lookup = opened();
    expect(await lookup.find(named('intranet'), [4])).toEqual({ refusal: 'dns' });
    expect(await lookup.find(named('a.localhost'), [4, 6])).toEqual({ refusal: 'own' });
    expect(server.asked).toEqual(['A intranet']);
  });

  it('lifts the refusals for an address and a port that are allowed, and for no others', async () => {
    server.records.set('lab.example', [30, '127.0.0.1']);
    const lookup = opened('127.0.0.1/32:18111-18114, ::1/128:25');
    const at = (port: number) => lookup.find(named('lab.example', port), [4]);
    expect([await at(18_110), await at(18_111), await at(18_114), await at(18_115)]).toEqual([
      { refusal: 'own' },
      { addresses: ['127.0.0.1'] },
      { addresses: ['127.0.0.1'] },
      { refusal: 'own' },
    ]);
    expect(await lookup.find(named('[::1]', 25), [6])).toEqual({ addresses: ['::1'] });
    expect(await lookup.find(named('[::2]', 25), [6])).toEqual({ refusal: 'port' });
  });
});

describe('the settings', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1:80',
    '127.0.0.1/32',
    '127.0.0.1/33:80',
    '127.0.0.1/32:90-80',
    '::1:80',
    'a/8:1',
    '1.1.1.1/32:70000',
  ])('that allow %j are refused', (text) => {
    expect(readAllowed(text).reason).toContain('must look like');
  });

  it.each(['a', '25-', '-25', '30-20', '65536', '1;2', '1.5'])('that refuse the ports %j are refused', (text) => {
    expect(readPorts(text).reason).toContain('must look like');
  });

  it('may be empty', () => {
    expect(readAllowed('').value?.has('127.0.0.1', 80)).toBe(false);
    expect(readPorts('').value?.has(25)).toBe(false);
  });
});
