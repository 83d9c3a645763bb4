// The answers of RFC 1034 §4.3.2, RFC 2308, RFC 4592 and RFC 8482 from one zone that has every case.
import { answerOf } from './answer';
import { readContent } from './content';
import { readLabels, writeName, type Labels } from './name';
import { isRecordType, typeOfRecord } from './record-types';
import { ServedZones, servedZone, type ServedRecord } from './served-zone';
import { readZoneFile } from './zone-file';

const FILE = `
@ SOA ns1.lumi.test. hostmaster.lumi.test. 1 10800 3600 604800 300
@ NS ns1.lumi.test.
@ MX 10 mail
mail A 192.0.2.1
mail A 192.0.2.2
www CNAME mail
far CNAME www.example.net.
loop CNAME pool
pool CNAME loop
broken CNAME nothing
*.wild TXT "wild"
*.wild CAA 0 issue "ca.example"
host.wild A 192.0.2.3
*.alias CNAME mail
a.b.c A 192.0.2.4
sub NS ns.sub
sub NS ns.example.net.
sub DS 1 13 2 ${'ab'.repeat(32)}
ns.sub A 192.0.2.5
ns.sub AAAA 2001:db8::5
c1 CNAME c2
c2 CNAME c3
c3 CNAME c4
c4 CNAME c5
c5 CNAME c6
c6 CNAME c7
c7 CNAME c8
c8 CNAME c9
c9 CNAME mail
a\\.b TXT "dot"
`;
const ZONE: Labels = ['shop', 'example'];
const zones = new ServedZones();
beforeAll(() => {
  const { records, faults } = readZoneFile(FILE, ZONE, 100);
  expect(faults).toEqual([]);
  zones.put(servedZone(ZONE, records));
});

const names: Readonly<Record<number, string>> = Object.fromEntries(
  ['A', 'AAAA', 'CAA', 'CNAME', 'DS', 'MX', 'NS', 'SOA', 'TXT'].map((type) => [
    typeOfRecord(isRecordType(type) ? type : 'SOA').code,
    type,
  ]),
);
const shown = (records: readonly ServedRecord[]) =>
  records.map(
    ({ owner, type }) => `${writeName(owner).replace('shop.example.', '') || '@'} ${names[type] ?? String(type)}`,
  );

function ask(name: string, type: string) {
  const code = type === 'ANY' ? 255 : typeOfRecord(isRecordType(type) ? type : 'SOA').code;
  const { rcode, isAuthoritative, answers, authority, additional } = answerOf(zones, {
    name: readLabels(name, ZONE),
    type: code,
  });
  return [rcode, isAuthoritative, shown(answers), shown(authority), shown(additional)];
}

it.each<[name: string, type: string, answer: unknown[]]>([
  ['@', 'SOA', [0, true, ['@ SOA'], [], []]],
  ['@', 'NS', [0, true, ['@ NS'], [], []]],
  ['MAIL', 'A', [0, true, ['mail. A', 'mail. A'], [], []]],
  ['mail', 'AAAA', [0, true, [], ['@ SOA'], []]],
  ['nothing', 'A', [3, true, [], ['@ SOA'], []]],
  ['www', 'A', [0, true, ['www. CNAME', 'mail. A', 'mail. A'], [], []]],
  ['www', 'CNAME', [0, true, ['www. CNAME'], [], []]],
  ['www', 'TXT', [0, true, ['www. CNAME'], ['@ SOA'], []]],
  ['far', 'A', [0, true, ['far. CNAME'], [], []]],
  ['loop', 'A', [0, true, ['loop. CNAME', 'pool. CNAME'], [], []]],
  ['broken', 'A', [3, true, ['broken. CNAME'], ['@ SOA'], []]],
  ['c2', 'A', [0, true, ['c2.', 'c3.', 'c4.', 'c5.', 'c6.', 'c7.', 'c8.', 'c9.'].map((one) => `${one} CNAME`), [], []]],
  ['x.wild', 'TXT', [0, true, ['x.wild. TXT'], [], []]],
  ['x.y.wild', 'TXT', [0, true, ['x.y.wild. TXT'], [], []]],
  ['x.wild', 'A', [0, true, [], ['@ SOA'], []]],
  ['host.wild', 'TXT', [0, true, [], ['@ SOA'], []]],
  ['x.host.wild', 'TXT', [3, true, [], ['@ SOA'], []]],
  ['wild', 'TXT', [0, true, [], ['@ SOA'], []]],
  ['*.wild', 'TXT', [0, true, ['*.wild. TXT'], [], []]],
  ['x.alias', 'A', [0, true, ['x.alias. CNAME', 'mail. A', 'mail. A'], [], []]],
  ['b.c', 'A', [0, true, [], ['@ SOA'], []]],
  ['x.b.c', 'A', [3, true, [], ['@ SOA'], []]],
  ['sub', 'A', [0, false, [], ['sub. NS', 'sub. NS'], ['ns.sub. A', 'ns.sub. AAAA']]],
  ['x.y.sub', 'A', [0, false, [], ['sub. NS', 'sub. NS'], ['ns.sub. A', 'ns.sub. AAAA']]],
  ['ns.sub', 'A', [0, false, [], ['sub. NS', 'sub. NS'], ['ns.sub. A', 'ns.sub. AAAA']]],
  ['sub', 'DS', [0, true, ['sub. DS'], [], []]],
  ['@', 'DS', [0, true, [], ['@ SOA'], []]],
  ['a\\.b', 'TXT', [0, true, ['a\\.b. TXT'], [], []]],
  ['a.b', 'TXT', [3, true, [], ['@ SOA'], []]],
  ['mail', 'ANY', [0, true, ['mail. 13'], [], []]],
  ['nothing', 'ANY', [3, true, [], ['@ SOA'], []]],
  ['www.example.net.', 'A', [5, false, [], [], []]],
  ['example.', 'A', [5, false, [], [], []]],
  ['.', 'NS', [5, false, [], [], []]],
])('%s %s', (name, type, answer) => {
  expect(ask(name, type)).toEqual(answer);
});

it('the SOA of a negative answer lives no longer than its minimum', () => {
  const { authority } = answerOf(zones, { name: ['nothing', ...ZONE], type: 1 });
  expect(authority.map(({ ttl }) => ttl)).toEqual([300]);
});

it('the nearest zone answers, and a removed one no longer', () => {
  const child: Labels = ['sub', ...ZONE];
  const soa = { name: child, type: 'SOA', ttl: 60, content: 'a. b. 1 2 3 4 5' } as const;
  const a = { name: child, type: 'A', ttl: 60, content: readContent('A', '192.0.2.9', child).text } as const;
  zones.put(servedZone(child, [soa, a]));
  expect(ask('sub', 'A')).toEqual([0, true, ['sub. A'], [], []]);
  expect(ask('sub', 'DS')).toEqual([0, true, ['sub. DS'], [], []]);
  zones.remove(child);
  expect(ask('sub', 'A')[1]).toBe(false);
});
