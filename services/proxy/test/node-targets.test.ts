// The node is no open proxy: spellings of forbidden targets by all three ways, with sentinels that count who connects.
import type { Resolver } from '@lumi/shared/egress';
import { until } from '@lumi/shared/testing';
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
const SPELLINGS = [
  ...ADDRESSES_4.flatMap(spellings4),
  ...ADDRESSES_6.map((address) => `[${address}]`),
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
    port = await node.target(count);
    await node.target(count, '::1', port);
    await node.target(count, '127.64.0.5', port);
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

  it('is refused when a name has a private address beside a public one, and when it changes to one', async () => {
    let answers = ['9.9.9.9', '127.0.0.1'];
    await opened({ resolver: { addresses: () => Promise.resolve({ addresses: answers }) } });
    const ask = async (): Promise<string> =>
      node
        .client()
        .send(`CONNECT name.example:${String(port)} HTTP/1.1\r\n${basic()}\r\n`)
        .take('\r\n\r\n');
    expect(await ask()).toContain('details="target"');
    answers = ['127.0.0.1'];
    expect(await ask()).toContain('details="target"');
    expect(dialled).toBe(0);
  });

  it('is the node itself, by every address of its machine', async () => {
    await opened();
    const own = node.plane.ports.http;
    const client = node.client().send(`CONNECT 127.0.0.1:${String(own)} HTTP/1.1\r\n${basic()}\r\n`);
    expect(await client.take('\r\n\r\n')).toContain('details="target"');
    await until(() => node.plane.state.passages === 0);
  });
});
