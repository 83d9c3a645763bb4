// Another implementation of the same standards, dnspython, reads our records and our files as we do. It is not part of
// the repository: `python3 -m pip install dnspython`.
import { spawnSync } from 'node:child_process';
import { readContent } from './content';
import type { RecordType } from './record-types';
import { TRICKY_FILE } from './test/tricky-file';
import { readZoneFile, writeZoneFile } from './zone-file';

const ZONE = ['shop', 'example'];
const isThere = spawnSync('python3', ['-c', 'import dns.zone'], { timeout: 10_000 }).status === 0;
const run = isThere ? describe : describe.skip;

function python(script: string, input: unknown): unknown {
  const { stdout, stderr, status } = spawnSync('python3', ['-c', script], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

const WIRES = `
import dns.name, dns.rdata, json, sys
origin = dns.name.from_text('shop.example.')
print(json.dumps([dns.rdata.from_text('IN', t, c, origin=origin, relativize=False).to_wire().hex()
  for t, c in json.load(sys.stdin)]))`;
const ZONES = `
import dns.zone, json, sys
zones = [dns.zone.from_text(text, 'shop.example.', relativize=False, check_origin=False)
  for text in json.load(sys.stdin)]
print(json.dumps([sorted([n.to_text().lower(), ttl, rd.rdtype.name, rd.to_wire().hex()]
  for n, ttl, rd in zone.iterate_rdatas()) for zone in zones]))`;

const digest = (bytes: number) => 'a1'.repeat(bytes);
const RECORDS: readonly (readonly [RecordType, string])[] = [
  ['A', '192.0.2.1'],
  ['AAAA', '2001:db8:0:0:1:0:0:1'],
  ['AAAA', '::ffff:192.0.2.1'],
  ['CAA', '128 issuewild "ca.example; policy=ev"'],
  ['CNAME', 'a\\.b.\\007x'],
  ['DS', `60485 13 2 ${digest(32)}`],
  ['DS', `60485 13 4 ${digest(48)}`],
  ['HTTPS', '1 . port=8443 ipv6hint=2001:db8::1 alpn="h2,h3" ech=AAVoZWxsbw== key700="a b"'],
  ['HTTPS', '0 cdn'],
  ['SVCB', '16 foo mandatory=ipv4hint,alpn alpn="f\\\\\\\\oo\\\\,bar,h2" ipv4hint=192.0.2.1,192.0.2.2'],
  ['SVCB', '1 . alpn=h2 no-default-alpn dohpath=/q{?dns}'],
  ['MX', '10 @'],
  ['NAPTR', '100 50 "s" "http+I2L+I2C+I2R" "" _http._tcp'],
  ['NS', 'ns1'],
  ['PTR', 'x.example.net.'],
  ['SRV', '1 2 65535 .'],
  ['SSHFP', `4 2 ${digest(32)}`],
  ['TLSA', `3 1 2 ${digest(64)}`],
  ['TXT', '"a\\"b\\\\c\\000\\255" "" "d;e"'],
  ['TXT', `"${'y'.repeat(255)}" "z"`],
];

run('dnspython', () => {
  it('makes the same wire of each record, as written and as we store it', () => {
    const ours = RECORDS.map(([type, text]) => readContent(type, text, ZONE));
    const wires = ours.map(({ wire }) => wire.toString('hex'));
    expect(python(WIRES, RECORDS)).toEqual(wires);
    expect(
      python(
        WIRES,
        RECORDS.map(([type], at) => [type, ours[at]?.text]),
      ),
    ).toEqual(wires);
  });

  it('reads the same records from a file, and from the file that we write of them', () => {
    const { records } = readZoneFile(TRICKY_FILE, ZONE, 100);
    const [before, after] = python(ZONES, [TRICKY_FILE, writeZoneFile(ZONE, records)]) as [unknown[], unknown[]];
    expect(after).toHaveLength(records.length);
    expect(after).toEqual(before);
  });
});
