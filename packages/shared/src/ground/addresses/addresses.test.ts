import { isIPv6 } from 'node:net';
import pg from 'pg';
import { testDatabase } from '../../testing';
import { isDocumentationAddress, isPublicAddress, plainAddress, readAddress } from './ip-address';
import { readBlock } from './ip-block';

describe('an IP address', () => {
  it.each([
    // RFC 5952: sections 1, 4.1 to 4.3 and 5
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8::1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8::0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0db8::1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:DB8:0:0:1::1', '2001:db8::1:0:0:1'],
    ['2001:db8:aaaa:bbbb:cccc:dddd:eeee:0001', '2001:db8:aaaa:bbbb:cccc:dddd:eeee:1'],
    ['2001:db8:aaaa:bbbb:cccc:dddd::1', '2001:db8:aaaa:bbbb:cccc:dddd:0:1'],
    ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:DB8:0:1C::1', '2001:db8:0:1c::1'],
    ['2001:db8:c00:0::1', '2001:db8:c00::1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    // an IPv4-mapped IPv6 address, and addresses that only resemble one
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:C000:0201', '192.0.2.1'],
    ['::7f00:1', '::7f00:1'],
    ['::127.0.0.1', '::7f00:1'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['2001:db8::192.0.2.1', '2001:db8::c000:201'],
    ['192.0.2.1', '192.0.2.1'],
    [' 192.0.2.1 ', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
  ])('%s is read as %s', (text, expected) => {
    expect(readAddress(text)).toEqual({ value: expected });
    expect(readAddress(expected)).toEqual({ value: expected });
  });

  it.each([
    '',
    ' ',
    '1.2.3',
    '1',
    '2130706433',
    '0x7f.1',
    '01.2.3.4',
    '1.2.3.04',
    '1.2.3.256',
    '1.2.3.4.5',
    '1.2.3.4/32',
    '١.٢.٣.٤',
    'fe80::1%eth0',
    'fe80::1%1',
    '::1%',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    '::g',
    '[::1]',
    '::1/128',
    '1:2:3:4:5:6:7',
    '::ffff:1.2.3',
    '::ffff:01.2.3.4',
    'localhost',
    '192.0.2.1\n192.0.2.2',
    'a'.repeat(100),
  ])('%j is refused', (text) => {
    expect(readAddress(text).reason).toEqual(expect.any(String));
  });

  it.each(['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '2606:4700::1111', '2a00:1450:4001::8a'])(
    '%s is public',
    (text) => {
      expect(isPublicAddress(readAddress(text).value ?? '')).toBe(true);
    },
  );

  it.each([
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.1.1',
    '0.0.0.0',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '192.0.2.1',
    '198.51.100.1',
    '203.0.113.1',
    '198.18.0.1',
    '192.0.0.1',
    '::',
    '::1',
    '::7f00:1',
    '::a00:1',
    'fe80::1',
    'fec0::1',
    'fc00::1',
    'fd12::1',
    'ff02::1',
    '2001:db8::1',
    '3fff::1',
    '2002:a00:1::',
    '2001::1',
    '64:ff9b::a00:1',
    '100::1',
    '5f00::1',
    '4000::1',
    '8000::1',
    '1::1',
  ])('%s is not public', (text) => {
    expect(isPublicAddress(readAddress(text).value ?? '')).toBe(false);
  });

  it('is recognised when it is from a documentation range', () => {
    const examples = ['192.0.2.1', '198.51.100.255', '203.0.113.7', '2001:db8::1', '2001:db8:ffff::', '3fff:fff::1'];
    expect(
      [...examples, '192.0.3.1', '2001:db9::1', '3fff:1000::1', '10.0.0.1'].filter(isDocumentationAddress),
    ).toEqual(examples);
  });

  it('is read from the IPv6 form in which kernels report IPv4', () => {
    expect(['::ffff:192.0.2.1', '192.0.2.1', '2001:db8::1', ''].map(plainAddress)).toEqual([
      '192.0.2.1',
      '192.0.2.1',
      '2001:db8::1',
      '',
    ]);
  });
});

describe('a block', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.7/32', '192.0.2.7'],
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['192.0.2.129/25', '192.0.2.128/25'],
    [' 192.0.2.0/24 ', '192.0.2.0/24'],
    ['2001:DB8:0:1C::1/128', '2001:db8:0:1c::1'],
    ['2001:db8:c00:0::1/32', '2001:db8::/32'],
    ['2001:db8:ffff::/33', '2001:db8:8000::/33'],
    ['::/0', '::/0'],
    ['ffff::1/1', '8000::/1'],
    ['::ffff:192.0.2.129/120', '192.0.2.0/24'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
  ])('%s is read as %s', (text, expected) => {
    expect(readBlock(text).value?.text).toBe(expected);
    expect(readBlock(expected).value?.text).toBe(expected);
  });

  it.each([
    '',
    'abc',
    '/24',
    '192.0.2.0/',
    '192.0.2.0/33',
    '192.0.2.0/024',
    '192.0.2.0/-1',
    '192.0.2.0/1e1',
    '192.0.2.0/24/24',
    '192.0.2/24',
    '::/129',
    'fe80::1%eth0/64',
    '::ffff:192.0.2.0/95',
    '192.0.2.0/255.255.255.0',
    'current',
  ])('%j is refused', (text) => {
    expect(readBlock(text)).toEqual({ reason: expect.any(String) as string });
  });
});

describe('PostgreSQL', () => {
  const database = testDatabase();
  const client = new pg.Client({ connectionString: database.ownerUrl });
  beforeAll(() => client.connect());
  afterAll(() => client.end());

  it('reads and shows the same address as this reader', async () => {
    const part = (): string => (Math.random() < 0.5 ? '0' : Math.floor(Math.random() * 65_536).toString(16));
    // Not ::/96: PostgreSQL writes the end of these as IPv4.
    const texts = Array.from(
      { length: 500 },
      () => `${(1 + Math.floor(Math.random() * 65_535)).toString(16)}:${Array.from({ length: 7 }, part).join(':')}`,
    );
    const { rows } = await client.query<{ shown: string }>(
      'SELECT host(x::inet) AS shown FROM unnest($1::text[]) WITH ORDINALITY AS t(x, n) ORDER BY n',
      [texts],
    );
    expect(texts.every(isIPv6)).toBe(true);
    expect(rows.map(({ shown }) => shown)).toEqual(texts.map((text) => readAddress(text).value));
    const blocks = texts
      .map((text) => `${text}/${String(Math.floor(Math.random() * 128))}`)
      .filter((text) => !text.endsWith('/0'));
    const masked = await client.query<{ shown: string }>(
      'SELECT text(network(x::inet)) AS shown FROM unnest($1::text[]) WITH ORDINALITY AS t(x, n) ORDER BY n',
      [blocks],
    );
    expect(masked.rows.map(({ shown }) => readBlock(shown).value?.text)).toEqual(
      blocks.map((text) => readBlock(text).value?.text),
    );
  });
});
