// The node is no open proxy: spellings of forbidden targets by all three ways, with sentinels that count who connects.
import { networkInterfaces } from 'node:os';
import { openResolver, type Resolver } from '@lumi/shared/egress';
import { NameServer, until } from '@lumi/shared/testing';
import { basic, NodeFixture, socksConnect, socksHello, type RawClient } from './node-fixture';

const ADDRESSES_4 = ['127.0.0.1', '127.64.0.5', '0.0.0.0', '10.0.0.1', '172.16.0.1', '192.168.1.1', '169.254.169.254']
  .concat(['100.64.0.1', '192.0.2.1', '198.18.0.1', '203.0.113.9', '224.0.0.1', '240.0.0.1', '255.255.255.255'])
  .concat(['192.88.99.1', '100.100.100.200']);
const ADDRESSES_6 = ['::', '::1', 'fe80::1', 'fd00::1', 'fec0::1', 'ff02::1', '2001:db8::1', '2002:7f00:1::', '2001::1']
  .concat(['64:ff9b::127.0.0.1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '3fff::1'])
  .concat(['2620:4f:8000::1', '0:0:0:0:0:ffff:7f00:0001', 'fe80::1%eth0', '100::1', 'fd00:ec2::254']);

function spellings4(address: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const whole = ((a * 256 + b) * 256 + c) * 256 + d;
  const fullWidth = address.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)));
  return [
    address,
    `${address}.`,
    String(whole),
    `0x${whole.toString(16)}`,
    `0${whole.toString(8)}`,
    `${String(a)}.${String(b * 65_536 + c * 256 + d)}`,
    `0x${a.toString(16)}.${String(b)}.${String(c * 256 + d)}`,
    [a, b, c, d].map((part) => `0${part.toString(8)}`).join('.'),
    [a, b, c, d].map((part) => `0x${part.toString(16)}`).join('.'),
    fullWidth,
    address.replaceAll('.', '。'),
  ];
}

const NAMES = [
  'localhost',
  'LOCALHOST',
  'a.localhost',
  'localhost.',
  'ⓛocalhost',
  'metadata.google.internal',
  'ip6-localhost',
];
const NOT_READABLE = ['127.0.0.1@example.com', '127.0.0.1%20', '127.0.0.1#', '1.2.3.4.5', '0x7f.0.0.0x', '127.0.0.256'];
const OWN = Object.values(networkInterfaces()).flatMap((all = []) => all);
const OWN_4 = OWN.flatMap(({ family, address }) => (family === 'IPv4' ? [address] : []));
const OWN_6 = OWN.flatMap(({ family, address }) => (family === 'IPv6' ? [address] : []));
const SPELLINGS = [
  ...ADDRESSES_4.flatMap(spellings4),
  ...OWN_4.flatMap(spellings4),
  ...[...ADDRESSES_6, ...OWN_6].map((address) => `[${address}]`),
  ...NAMES,
  ...NOT_READABLE,
];

describe('a forbidden target', () => {
  let node: NodeFixture;
  let port: number;
  let dialled: number;
  afterEach(() => node.close());

  async function opened({ allow = '', ...more }: { allow?: string; resolver?: Resolver } = {}): Promise<void> {
    dialled = 0;
    node = new NodeFixture({}, { allow, ...more });
    await node.open();
    await node.admit();
    const count = (): void => void (dialled += 1);
    // On all addresses of the machine, of both families.
    port = await node.target(count, '::');
  }

  const asText = (host: string): string => Buffer.from(host, 'utf8').toString('latin1');
  const ways: Readonly<Record<string, (client: RawClient, host: string) => Promise<boolean>>> = {
    CONNECT: async (client, host) => {
      client.send(`CONNECT ${asText(host)}:${String(port)} HTTP/1.1\r\n${basic()}\r\n`);
      return /^HTTP\/1.1 (400|403|502) /.test(await client.take('\r\n\r\n'));
    },
    HTTP: async (client, host) => {
      client.send(`GET http://${asText(host)}:${String(port)}/ HTTP/1.1\r\nHost: a\r\n${basic()}\r\n`);
      return /^HTTP\/1.1 (400|403|502) /.test(await client.take('\r\n\r\n'));
    },
    SOCKS5: async (client, host) => {
      client.send(Buffer.concat([socksHello(), socksConnect(host.replace(/^\[(.*)\]$/, '$1'), port)]));
      return [1, 2, 4].includes((await client.take(6)).charCodeAt(5));
    },
  };

  it.each(Object.entries(ways))(
    `is refused in ${String(SPELLINGS.length)} spellings over %s, and nothing is dialled`,
    async (_, ask) => {
      await opened();
      const passed: string[] = [];
      for (const host of SPELLINGS) {
        const client = node.client();
        if (!(await ask(client, host))) passed.push(host);
        client.socket.destroy();
      }
      expect(passed).toEqual([]);
      expect(dialled).toBe(0);
      expect(node.meter.uses).toEqual([]);
    },
  );

  it.each(Object.entries(ways))('is reached in each spelling over %s when it is allowed', async (way, ask) => {
    await opened({ allow: '127.0.0.1/32:1024-65535' });
    const [own = ''] = ADDRESSES_4;
    // A head of HTTP is ASCII; a name of SOCKS5 is UTF-8.
    for (const host of spellings4(own).filter((one) => way === 'SOCKS5' || /^[ -~]+$/.test(one))) {
      const client = node.client();
      void ask(client, host).catch(() => undefined); // the sentinel answers nothing
      await until(() => dialled > 0);
      dialled = 0;
      client.socket.destroy();
    }
  });

  it('is refused as an IPv6 or IPv4 address in binary over SOCKS5', async () => {
    await opened();
    const end = [port >> 8, port & 0xff];
    for (const at of [
      [1, 127, 0, 0, 1],
      [1, 0, 0, 0, 0],
      [4, ...Array<number>(15).fill(0), 1],
      [4, ...Array<number>(10).fill(0), 255, 255, 127, 0, 0, 1],
    ]) {
      const client = node.client().send(Buffer.concat([socksHello(), Buffer.from([5, 1, 0, ...at, ...end])]));
      expect((await client.take(6)).charCodeAt(5)).toBe(2);
    }
    expect(dialled).toBe(0);
  });

  it.each(Object.entries(ways))(
    'is refused over %s when a name server answers it beside a public address, or after one',
    async (_, ask) => {
      const names = await NameServer.open();
      try {
        await opened({ resolver: openResolver({ servers: [names.address] }) });
        // Nothing of this machine, and no exit on loopback leads to it.
        const [outside, outside6] = ['9.9.9.9', '2620:fe::9'];
        names.records.set('mixed.example', [30, outside, '127.0.0.1']);
        names.records.set('turned.example', [30, '127.0.0.1', outside]);
        names.records.set('mapped.example', [30, outside6, '::ffff:127.0.0.1']);
        names.records.set('named.example', [30, ...OWN_4.slice(0, 1)]);
        names.records.set('rebind.example', [0, outside]);
        for (const host of ['mixed', 'turned', 'mapped', 'named', 'rebind'])
          expect([host, await ask(node.client(), `${host}.example`)]).toEqual([host, true]);
        expect(node.meter.uses.map(({ target }) => target)).toEqual(['rebind.example']);
        for (const address of ['127.0.0.1', '127.64.0.5', '0.0.0.0', ...OWN_4]) {
          names.records.set('rebind.example', [0, address]);
          expect([address, await ask(node.client(), 'rebind.example')]).toEqual([address, true]);
        }
        expect(node.meter.uses).toHaveLength(1);
        expect(names.asked.filter((one) => one === 'A rebind.example').length).toBe(4 + OWN_4.length);
        expect(dialled).toBe(0);
      } finally {
        names.close();
      }
    },
  );

  it.each(Object.entries(ways))('is the node itself over %s, at each of its ports', async (_, ask) => {
    await opened();
    const own = await node.freePort();
    await node.admit({ port: own });
    for (const entry of [node.plane.ports.http, node.plane.ports.socks, own]) {
      port = entry;
      const before = node.plane.state.connections;
      for (const host of ['127.0.0.1', 'localhost', '2130706433', '[::1]', '[::ffff:127.0.0.1]', ...OWN_4]) {
        const client = node.client(own);
        expect([entry, host, await ask(client, host)]).toEqual([entry, host, true]);
        client.socket.destroy();
      }
      await until(() => node.plane.state.connections === before);
    }
    expect(node.meter.uses).toEqual([]);
  });
});
