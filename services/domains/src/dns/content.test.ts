import { readContent } from './content';
import { RecordFault } from './fault';
import { readLabels, writeName, writeRelative } from './name';
import { isRecordType, type RecordType } from './record-types';

const ZONE = ['shop', 'example'];

function textOf(type: RecordType, text: string): string {
  try {
    return readContent(type, text, ZONE).text;
  } catch (err) {
    if (err instanceof RecordFault) return `refused: ${err.message}`;
    throw err;
  }
}

describe('the content of a record has one canonical form', () => {
  it.each<[type: RecordType, written: string, stored: string]>([
    ['A', '192.0.2.1', '192.0.2.1'],
    ['AAAA', '2001:DB8:0:0::1', '2001:db8::1'],
    ['AAAA', '2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['AAAA', '1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['AAAA', '::', '::'],
    ['AAAA', '::FFFF:192.0.2.1', '::ffff:192.0.2.1'],
    ['CAA', '0 ISSUE letsencrypt.org', '0 issue "letsencrypt.org"'],
    ['CAA', '128 issuewild ";"', '128 issuewild ";"'],
    ['CNAME', 'www', 'www.shop.example.'],
    ['CNAME', '@', 'shop.example.'],
    ['CNAME', 'WWW.Example.ORG.', 'www.example.org.'],
    ['DS', '60485 5 1 2BB183AF5F22588179A53B0A 98631FAD1A292118', '60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118'],
    ['HTTPS', '1 . port=8443 alpn=h3,h2', '1 . alpn="h3,h2" port=8443'],
    ['HTTPS', '0 cdn.example.net.', '0 cdn.example.net.'],
    [
      'SVCB',
      '16 foo alpn="f\\\\\\\\oo\\\\,bar,h2" mandatory=alpn',
      '16 foo.shop.example. mandatory=alpn alpn="f\\\\\\\\oo\\\\,bar,h2"',
    ],
    [
      'SVCB',
      '1 . ipv6hint="2001:db8::1,2001:db8::53:1" ipv4hint=192.0.2.1 key667="hello"',
      '1 . ipv4hint=192.0.2.1 ipv6hint=2001:db8::1,2001:db8::53:1 key667="hello"',
    ],
    ['SVCB', '1 . alpn=h2 no-default-alpn', '1 . alpn="h2" no-default-alpn'],
    ['MX', '010 mail', '10 mail.shop.example.'],
    ['MX', '0 .', '0 .'],
    [
      'NAPTR',
      '100 10 U E2U+sip "!^.*$!sip:info@example.com!" .',
      '100 10 "U" "E2U+sip" "!^.*$!sip:info@example.com!" .',
    ],
    ['NS', 'ns1.example.net.', 'ns1.example.net.'],
    ['PTR', 'host.example.net.', 'host.example.net.'],
    ['SRV', '0 5 5060 sip', '0 5 5060 sip.shop.example.'],
    [
      'SSHFP',
      '4 2 9F2C80D6A2E5E6BC6E9E3EF9A2B0F3A9C1D2E3F4051627384950617283940A1B',
      '4 2 9f2c80d6a2e5e6bc6e9e3ef9a2b0f3a9c1d2e3f4051627384950617283940a1b',
    ],
    ['TLSA', `3 1 1 ${'AB'.repeat(32)}`, `3 1 1 ${'ab'.repeat(32)}`],
    ['TXT', 'plain;text', '"plain;text"'],
    ['TXT', '"v=spf1 -all"', '"v=spf1 -all"'],
    ['TXT', '"one" "two"', '"one" "two"'],
    ['TXT', '"a\\"b\\\\c\\059\\000ü"', '"a\\"b\\\\c;\\000\\195\\188"'],
    ['TXT', '""', '""'],
    ['TXT', `"${'x'.repeat(300)}"`, `"${'x'.repeat(255)}" "${'x'.repeat(45)}"`],
  ])('%s %s', (type, written, stored) => {
    expect(textOf(type, written)).toBe(stored);
    expect(textOf(type, stored)).toBe(stored);
  });

  it.each<[type: RecordType, written: string, why: RegExp]>([
    ['A', '300.0.0.1', /IPv4/],
    ['A', '192.0.2.1 192.0.2.2', /more words/],
    ['A', '', /missing/],
    ['AAAA', 'fe80::1%eth0', /IPv6/],
    ['CAA', '256 issue "x"', /flags from 0 to 255/],
    ['CAA', '0 is-sue "x"', /tag/],
    ['CNAME', 'a..b', /empty label/],
    ['CNAME', `${'a'.repeat(64)}.example.`, /63 bytes/],
    ['CNAME', `${'abcdefghi.'.repeat(26)}`, /255 bytes/],
    ['CNAME', 'bücher', /xn--/],
    ['CNAME', 'a\\', /backslash/],
    ['CNAME', 'a\\999b', /backslash/],
    ['DS', '1 13 2 ABCD', /64 hexadecimal digits/],
    ['DS', '1 13 2', /hexadecimal/],
    ['HTTPS', '0 . alpn=h2', /alias/],
    ['HTTPS', '1 . no-default-alpn', /without alpn/],
    ['HTTPS', '1 . alpn=h2 alpn=h3', /twice/],
    ['HTTPS', '1 . mandatory=port alpn=h2', /mandatory/],
    ['HTTPS', '1 . port=70000', /port/],
    ['HTTPS', '1 . wat=1', /unknown parameter/],
    ['HTTPS', '1 . alpn=h2,,h3', /empty/],
    ['MX', 'mail 10', /preference/],
    ['MX', '10', /missing/],
    ['SSHFP', '4 2 abc', /hexadecimal/],
    ['SSHFP', '4 1 abcd', /40 hexadecimal digits/],
    ['TLSA', '9 1 1 abcd', /usage/],
    ['TXT', 'v=spf1 -all', /quotes/],
    ['TXT', '"open', /quote/],
    ['TXT', 'mid"dle', /quote/],
    ['TXT', '"two\nlines"', /quote/],
    ['TXT', `"${'x'.repeat(20_000)}"`, /16384/],
    ['TXT', '\\# 2 abcd', /quotes|form of its type/],
    ['A', '\\# 4 c0000201', /form of its type/],
  ])('%s %s is refused', (type, written, why) => {
    expect(textOf(type, written)).toMatch(/^refused: /);
    expect(textOf(type, written)).toMatch(why);
  });
});

describe('names', () => {
  it.each([
    ['@', '@', 'shop.example.'],
    ['www', 'www', 'www.shop.example.'],
    ['WWW.Shop.Example.', 'www', 'www.shop.example.'],
    ['*.deep', '*.deep', '*.deep.shop.example.'],
    ['shop.example.', '@', 'shop.example.'],
    ['a\\.b.c', 'a\\.b.c', 'a\\.b.c.shop.example.'],
    ['\\065\\032', 'a\\032', 'a\\032.shop.example.'],
    ['\\@', '\\@', '\\@.shop.example.'],
  ])('%s is %s of the zone', (written, relative, absolute) => {
    const labels = readLabels(written, ZONE);
    expect([writeRelative(labels, ZONE), writeName(labels)]).toEqual([relative, absolute]);
    expect(readLabels(relative, ZONE)).toEqual(labels);
    expect(readLabels(absolute, [])).toEqual(labels);
  });

  it('are no types', () => {
    expect(['SOA', 'a', 'toString', 'ALIAS'].map(isRecordType)).toEqual([false, false, false, false]);
  });
});
