// Ways to write a target that must never be reached. Each is no target at all, or an address that is refused.
import { isIP } from 'node:net';
import { judgeOf } from './judge';
import { Lookup } from './lookup';
import { PORTS_REFUSED, readAllowed, readPorts } from './ports';
import { openResolver } from './resolver';
import { readTarget, readTargetPair } from './target';

const judge = judgeOf({
  refused: readPorts(PORTS_REFUSED).value ?? new Set(),
  allowed: readAllowed('').value ?? { text: '', has: () => false },
  isOwn: (address) => address === '9.9.9.10' || address === '2a00::10',
});

const FORBIDDEN = [
  // loopback and this host, in every form of inet_aton
  '127.0.0.1 127.1 127.0.1 127.255.255.254 0.0.0.0 0 00 0x0 2130706433 017700000001 0x7f000001 0x7F.0.0.1 0x7f.1',
  '0177.1 0177.0.0.01 0x7f.0x0.0x0.0x1 0177.0.0.0x1 127.0x0.1 127.65535 127.0.65535 000000177.0.0.1 0X7F000001',
  '127.0.0.1. 0x7f.1. 2130706433. 127。0。0。1 127．0．0．1 127｡0｡0｡1',
  '１２７.0.0.1 １２７。１ ①②⑦.0.0.1 𝟏𝟐𝟕.0.0.1 𝟙𝟚𝟟.𝟘.𝟘.𝟙',
  '0ｘ7f.1 127.0.0.\u00ad1 127.0.0.1\u200b 127.0.0.1\ufeff \u2060127.0.0.1',
  // private, shared, link-local (metadata), benchmarking, documentation, multicast, reserved
  '10.0.0.1 10.1 012.1 0xa.1 167772161 10.255.255.255 100.64.0.1 100.127.255.255 169.254.169.254 169.254.1',
  '0xa9fea9fe 2852039166 0251.0376.0251.0376 169.254.43518 172.16.0.1 172.31.255.255 0xac.0x10.1 192.0.0.1',
  '192.0.0.170 192.0.2.1 192.88.99.1 192.168.0.1 192.168.257 0300.0250.1 3232235521 198.18.0.1 198.19.255.255',
  '198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 4294967295 0xffffffff 0.1.2.3',
  '192.31.196.1 192.52.193.1 192.175.48.1',
  // IPv6: loopback, compatible, mapped, translated, NAT64, discard, Teredo, ORCHID, documentation, 6to4, local, …
  '[::] [::1] [0:0:0:0:0:0:0:1] [0000:0000:0000:0000:0000:0000:0000:0001] [::127.0.0.1] [::8.8.8.8] [::7f00:1]',
  '[::ffff:127.0.0.1] [::ffff:7f00:1] [::FFFF:7F00:1] [0:0:0:0:0:ffff:7f00:1] [::ffff:8.8.8.8] [::ffff:0:127.0.0.1]',
  '[::ffff:0:0:127.0.0.1] [64:ff9b::7f00:1] [64:ff9b::127.0.0.1] [64:ff9b::808:808] [64:ff9b:1::1] [100::1] [2001::1]',
  '[2001:0:7f00:1::] [2001:2::1] [2001:10::1] [2001:20::1] [2001:1ff:ffff::1] [2001:db8::1] [2001:DB8::1] [2002::1]',
  '[2002:7f00:1::] [2002:a00:1::1] [2002:808:808::1] [3fff::1] [3fff:fff::1] [2620:4f:8000::1] [4000::1] [5f00::1]',
  '[1::1] [8000::1] [fc00::1] [fd00:ec2::254] [fe80::1] [fec0::1] [ff02::1] [::1%lo] [fe80::1%eth0] [fe80::1%251]',
  '[::ffff:169.254.169.254] ::1 ::ffff:127.0.0.1 0::1 [::0001] [::ffff:127.1] [::127.1]',
  // our own
  '9.9.9.10 151587082 [2a00::10] [2A00:0::0010]',
  // names of this machine, and texts that programs read differently
  'localhost LOCALHOST localhost. foo.localhost ⓛocalhost ｌｏｃａｌｈｏｓｔ [127.0.0.1] [::1 ::1] [[::1]]',
  '127.0.0.1:80 user@127.0.0.1 127.0.0.1/ 127.0.0.1%00 127.0.0.1%2f 127.0.0.1\\ 127.0.0.1#a',
  '127.0.0.1?a %31%32%37.0.0.1',
  '[] . .. a..b -a.example a-.example 127.0.0.1.. .127.0.0.1 127..1 1.2.3.4.5 256.1.1.1 1.256.1.1',
  '4294967296 0x100000000 08.1 127.0.0.09 0x 0x.1 0xg.1 1.0x a.1 example.0x7f example.127 [v1.x] [1.2.3.4::]',
  '127.0.0.1|a 127.0.0.1`a {a} a^b a"b 127.0.0.1\u0000 127.0.0.1\r\n 127.0.0.1\u0085',
  'a\u0000.example a℀b.example 1⒈example',
]
  .flatMap((line) => line.split(/[ ]+/))
  .concat('', ' ', ' 127.0.0.1', '127.0.0.1 ', '127.0.0.1\n', '127.0.0.1\t', `${'a'.repeat(64)}.example`);

const ROUTABLE: readonly (readonly [string, string])[] = [
  ['9.9.9.9', '9.9.9.9'],
  ['0x9.9.9.9', '9.9.9.9'],
  ['151587081', '9.9.9.9'],
  ['011.011.2313', '9.9.9.9'],
  ['９.9.9.9', '9.9.9.9'],
  ['100.63.255.255', '100.63.255.255'],
  ['100.128.0.0', '100.128.0.0'],
  ['172.15.255.255', '172.15.255.255'],
  ['172.32.0.0', '172.32.0.0'],
  ['198.17.255.255', '198.17.255.255'],
  ['198.20.0.0', '198.20.0.0'],
  ['223.255.255.255', '223.255.255.255'],
  ['[2a00::1]', '2a00::1'],
  ['2A00:0:0::0001', '2a00::1'],
  ['[2001:200::1]', '2001:200::1'],
  ['[2001:db7:ffff::1]', '2001:db7:ffff::1'],
  ['[2001:db9::1]', '2001:db9::1'],
  ['[2003::1]', '2003::1'],
  ['[3ffe:ffff::1]', '3ffe:ffff::1'],
  ['[2620:4f:7fff::1]', '2620:4f:7fff::1'],
  ['[2620:4f:8001::1]', '2620:4f:8001::1'],
];

describe('a spelling of a forbidden target', () => {
  it('is tried in more than a hundred forms', () => {
    expect(new Set(FORBIDDEN).size).toBeGreaterThan(150);
  });

  it.each(FORBIDDEN.map((text) => [text]))('%j leads nowhere', async (text) => {
    const target = readTarget(text, 80);
    if (target === null) return;
    expect(target.isAddress || target.host.endsWith('localhost')).toBe(true); // no name server is asked
    const finding = await new Lookup(openResolver(), judge).find(target, [4, 6]);
    expect(finding).toEqual({ refusal: text.includes('9.9.9.10') || /2a00|151587082/i.test(text) ? 'own' : 'address' });
  });

  it.each(FORBIDDEN.map((text) => [text]))('%j is read as a browser reads it, or not at all', (text) => {
    const target = readTarget(text, 80);
    if (target === null) return;
    const host = text.includes(':') && !text.startsWith('[') ? `[${text}]` : text;
    const { hostname } = new URL(`http://${host}/`);
    const seen = new URL(`http://${target.host.includes(':') ? `[${target.host}]` : target.host}/`).hostname;
    expect(seen).toBe(hostname.replace(/\.$/, ''));
  });
});

describe('a routable address', () => {
  it.each(ROUTABLE)('%s is dialled as %s', async (text, address) => {
    const target = readTarget(text, 443);
    expect(target).toEqual({ host: address, port: 443, isAddress: true });
    if (target === null) return;
    const families = isIP(address) === 4 ? ([4] as const) : ([6] as const);
    const lookup = new Lookup(openResolver(), judge);
    expect(await lookup.find(target, families)).toEqual({ addresses: [address] });
    expect(await lookup.find(target, [families[0] === 4 ? 6 : 4])).toEqual({ refusal: 'family' });
  });
});

describe('a name', () => {
  it.each([
    ['example.com', 'example.com'],
    ['EXAMPLE.com.', 'example.com'],
    ['Bücher.example', 'xn--bcher-kva.example'],
    ['faß.example', 'xn--fa-hia.example'],
    ['my_host.example', 'my_host.example'],
    ['r3---sn.example', 'r3---sn.example'],
    ['1.example', '1.example'],
    ['0x7f.example', '0x7f.example'],
    ['127.0.0.1.example', '127.0.0.1.example'],
    ['☃.example', 'xn--n3h.example'],
  ])('%s is asked for as %s', (text, name) => {
    expect(readTarget(text, 80)).toEqual({ host: name, port: 80, isAddress: false });
  });
});

describe('a port', () => {
  it.each(['', ' 80', '80 ', '+80', '-1', '0x50', '8e1', '65536', '080', '99999', '1.0', '٨٠', '80a'])(
    '%j is none',
    (text) => {
      expect(readTarget('9.9.9.9', text)).toBeNull();
    },
  );

  it.each([0, 19, 25, 135, 137, 138, 139, 445, 465, 587, 2525, 6667, 11211])('%d is refused', (port) => {
    expect(judge('9.9.9.9', port)).toBe('port');
    expect(readTarget('9.9.9.9', String(port))?.port).toBe(port);
  });

  it.each([1, 80, 136, 140, 443, 8080, 65_535])('%d is not', (port) => {
    expect(judge('9.9.9.9', port)).toBeNull();
  });

  it.each([Number.NaN, -1, 80.5, 65_536, Infinity])('%d is no port', (port) => {
    expect(readTarget('9.9.9.9', port)).toBeNull();
  });
});

describe('host and port together', () => {
  it.each([
    ['example.com:443', 'example.com', 443],
    ['[2a00::1]:443', '2a00::1', 443],
    ['9.9.9.9:1', '9.9.9.9', 1],
  ])('%s is read', (text, host, port) => {
    expect(readTargetPair(text)).toMatchObject({ host, port });
  });

  it.each([
    'example.com',
    'example.com:',
    ':443',
    '2a00::1:443',
    '[2a00::1]',
    '[2a00::1]443',
    'a:1:2',
    'a@b:1',
    '[9.9.9.9]:1',
  ])('%s is not', (text) => {
    expect(readTargetPair(text)).toBeNull();
  });
});
