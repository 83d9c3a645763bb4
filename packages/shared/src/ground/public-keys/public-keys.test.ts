import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { isEd25519Key, isNistPoint } from './curves';
import { dnskeyRefusal } from './dns-key';
import { readSshPublicKey } from './ssh-public-key';

const field = (bytes: string | Uint8Array): Buffer => {
  const content = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : Buffer.from(bytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
};
const line = (type: string, ...fields: (string | Uint8Array)[]): string =>
  `${type} ${Buffer.concat([type, ...fields].map(field)).toString('base64')}`;
const mpint = (hex: string): Buffer => {
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes;
};
const part = (key: JsonWebKey, name: 'x' | 'y' | 'n' | 'e'): Buffer => Buffer.from(key[name] ?? '', 'base64url');
const jwk = (made: { publicKey: { export(options: { format: 'jwk' }): JsonWebKey } }): JsonWebKey =>
  made.publicKey.export({ format: 'jwk' });

const ed25519 = part(jwk(generateKeyPairSync('ed25519')), 'x');
const rsa = jwk(generateKeyPairSync('rsa', { modulusLength: 2_048 }));
const modulus = part(rsa, 'n').toString('hex');
const pointOf = (curve: string): Buffer => {
  const key = jwk(generateKeyPairSync('ec', { namedCurve: curve }));
  return Buffer.concat([part(key, 'x'), part(key, 'y')]);
};
const NIST = [
  ['P-256', 'nistp256'],
  ['P-384', 'nistp384'],
  ['P-521', 'nistp521'],
] as const;
const SMALL_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '0000000000000000000000000000000000000000000000000000000000000000',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // 0 and 1 encoded too large
].map((hex) => Buffer.from(hex, 'hex'));

describe('a point', () => {
  it('of Ed25519 is refused when it is off the curve, or when anyone can sign for it', () => {
    for (let i = 0; i < 20; i += 1) expect(isEd25519Key(part(jwk(generateKeyPairSync('ed25519')), 'x'))).toBe(true);
    // RFC 8032, section 7.1
    for (const hex of [
      'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
      '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
      'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    ])
      expect(isEd25519Key(Buffer.from(hex, 'hex'))).toBe(true);
    for (const bytes of [
      ...SMALL_ORDER,
      Buffer.from(`02${'00'.repeat(31)}`, 'hex'),
      ed25519.subarray(1),
      Buffer.concat([ed25519, Buffer.from([0])]),
      Buffer.alloc(0),
    ])
      expect([bytes.toString('hex'), isEd25519Key(bytes)]).toEqual([bytes.toString('hex'), false]);
  });

  it('of a NIST curve is refused when it is off the curve', () => {
    for (const [curve] of NIST) {
      const point = pointOf(curve);
      const off = Buffer.from(point);
      off[off.length - 1] = (off[off.length - 1] ?? 0) ^ 1;
      expect(
        [point, off, point.subarray(1), Buffer.alloc(point.length), Buffer.alloc(point.length, 0xff)].map((one) =>
          isNistPoint(curve, one),
        ),
      ).toEqual([true, false, false, false, false]);
    }
  });
});

describe('an SSH key', () => {
  const good: readonly string[] = [
    line('ssh-ed25519', ed25519),
    line('ssh-rsa', mpint('010001'), mpint(modulus)),
    line('ssh-rsa', mpint('03'), mpint(modulus)),
    line('sk-ssh-ed25519@openssh.com', ed25519, 'ssh:'),
    ...NIST.map(([curve, name]) => line(`ecdsa-sha2-${name}`, name, Buffer.concat([Buffer.from([4]), pointOf(curve)]))),
    line('sk-ecdsa-sha2-nistp256@openssh.com', 'nistp256', Buffer.concat([Buffer.from([4]), pointOf('P-256')]), 'ssh:'),
  ];

  it.each(good)('is accepted: %s', (text) => {
    expect(readSshPublicKey(text).value?.text).toBe(text);
    expect(readSshPublicKey(` ${text.replace(' ', '\t')}   ada@laptop  2026 \r\n`).value?.text).toBe(
      `${text} ada@laptop 2026`,
    );
    expect(readSshPublicKey(text.replace(/=+$/, '')).value?.text).toBe(text);
  });

  it('has the fingerprint that ssh-keygen prints', () => {
    // Of github.com, as published.
    expect(
      readSshPublicKey('ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl').value
        ?.fingerprint,
    ).toBe('SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU');
  });

  const [one = '', two = ''] = good;
  const off = Buffer.concat([Buffer.from([4]), Buffer.alloc(32), Buffer.from([1]), Buffer.alloc(30), Buffer.from([1])]);
  const point = Buffer.concat([Buffer.from([4]), pointOf('P-256')]);
  it.each([
    ['two keys', `${one}\n${two}`],
    ['two keys, as on Windows', `${one} a\r\n${two} b`],
    ['two keys behind an old line end', `${one}\r${two}`],
    ['a key and a comment on the next line', `${one}\n# laptop`],
    ['another line separator', `${one} a\u2028${two}`],
    ['NUL', `${one} a\u0000b`],
    ['nothing', ''],
    ['a name of Object', 'constructor AAAA'],
    ['DSA', line('ssh-dss', mpint(modulus), mpint('03'), mpint('05'), mpint('07'))],
    ['options before it', `command="x" ${one}`],
    ['a certificate', line('ssh-ed25519-cert-v01@openssh.com', ed25519)],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----'],
    ['no base64', 'ssh-ed25519 not!base64'],
    ['no key', 'ssh-ed25519'],
    ['another type inside', `ssh-rsa ${one.split(' ')[1] ?? ''}`],
    ['more behind its fields', line('ssh-ed25519', ed25519, 'x')],
    [
      'a length that is not there',
      `ssh-ed25519 ${Buffer.from('0000000b7373682d656432353531390000002001', 'hex').toString('base64')}`,
    ],
    ['a short Ed25519 key', line('ssh-ed25519', ed25519.subarray(1))],
    ['a long Ed25519 key', line('ssh-ed25519', Buffer.concat([ed25519, Buffer.from([1])]))],
    ...SMALL_ORDER.map((bytes) => ['a point of small order', line('ssh-ed25519', bytes)] as [string, string]),
    ['no application', line('sk-ssh-ed25519@openssh.com', ed25519)],
    ['e = 1', line('ssh-rsa', mpint('01'), mpint(modulus))],
    ['e = 0', line('ssh-rsa', Buffer.alloc(0), mpint(modulus))],
    ['e even', line('ssh-rsa', mpint('010000'), mpint(modulus))],
    ['e = 2', line('ssh-rsa', mpint('02'), mpint(modulus))],
    ['e negative', line('ssh-rsa', Buffer.from([0xff]), mpint(modulus))],
    ['e longer than n', line('ssh-rsa', mpint(`${modulus}01`), mpint(modulus))],
    [
      'a modulus with zeros before it',
      line('ssh-rsa', mpint('010001'), Buffer.concat([Buffer.alloc(3), mpint(modulus)])),
    ],
    ['a negative modulus', line('ssh-rsa', mpint('010001'), Buffer.from(modulus, 'hex'))],
    ['an even modulus', line('ssh-rsa', mpint('010001'), mpint(`${modulus.slice(0, -1)}0`))],
    [
      'a modulus with a small factor',
      line('ssh-rsa', mpint('010001'), mpint((BigInt(`0x${modulus}`) * 1009n).toString(16))),
    ],
    ['a prime modulus', line('ssh-rsa', mpint('010001'), mpint((2n ** 2203n - 1n).toString(16)))],
    [
      '1024 bits',
      line(
        'ssh-rsa',
        mpint('010001'),
        mpint(part(jwk(generateKeyPairSync('rsa', { modulusLength: 1_024 })), 'n').toString('hex')),
      ),
    ],
    ['far too many bits', line('ssh-rsa', mpint('010001'), mpint(`${modulus.repeat(9)}`))],
    ['a point off the curve', line('ecdsa-sha2-nistp256', 'nistp256', off)],
    ['a point of another curve', line('ecdsa-sha2-nistp384', 'nistp384', point)],
    ['another curve inside', line('ecdsa-sha2-nistp256', 'nistp384', point)],
    [
      'a compressed point',
      line('ecdsa-sha2-nistp256', 'nistp256', Buffer.concat([Buffer.from([2]), point.subarray(1, 33)])),
    ],
    ['the point at infinity', line('ecdsa-sha2-nistp256', 'nistp256', Buffer.from([0]))],
    ['no point', line('ecdsa-sha2-nistp256', 'nistp256')],
  ])('is refused: %s', (_, text) => {
    expect(readSshPublicKey(text)).toEqual({ reason: expect.any(String) as string });
  });
});

describe('a key of DNSSEC', () => {
  const exponent = Buffer.from([3, 1, 0, 1]);
  const n = Buffer.from(modulus, 'hex');
  it.each([
    // RFC 6605, section 6; RFC 8080, section 6
    [
      13,
      Buffer.from('GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==', 'base64'),
    ],
    [
      14,
      Buffer.from(
        'xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40',
        'base64',
      ),
    ],
    [15, Buffer.from('l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=', 'base64')],
    [15, Buffer.from('zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=', 'base64')],
    [16, Buffer.alloc(57, 3)],
    [8, Buffer.concat([exponent, n])],
    [10, Buffer.concat([exponent, n])],
    [8, Buffer.concat([Buffer.from([0, 0, 3, 1, 0, 1]), n])],
  ])('of algorithm %d is accepted', (algorithm, key) => {
    expect(dnskeyRefusal(algorithm, key)).toBeNull();
  });

  it.each([
    [13, Buffer.alloc(30, 7)],
    [13, Buffer.alloc(64, 1)],
    [13, pointOf('P-384')],
    [14, pointOf('P-256')],
    [14, Buffer.alloc(96, 1)],
    [15, ed25519.subarray(1)],
    [15, SMALL_ORDER[3] ?? Buffer.alloc(0)],
    [15, Buffer.alloc(33)],
    [16, ed25519],
    [16, Buffer.alloc(56)],
    [8, Buffer.alloc(0)],
    [8, Buffer.from([3, 1, 0, 1])],
    [8, n],
    [8, Buffer.concat([Buffer.from([1, 1]), n])],
    [8, Buffer.concat([Buffer.from([1, 2]), n])],
    [8, Buffer.concat([exponent, n.subarray(0, 64)])],
    [10, Buffer.concat([exponent, Buffer.alloc(600, 0xff)])],
    [8, Buffer.concat([Buffer.from([0]), n])],
  ])('of algorithm %d is refused', (algorithm, key) => {
    expect(dnskeyRefusal(algorithm, key)).toEqual(expect.any(String));
  });
});
