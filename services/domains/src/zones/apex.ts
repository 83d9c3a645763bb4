// The records of a zone that are ours: its SOA and its name servers.
import type { WrittenRecord } from '../dns/zone-file';
import type { Labels } from '../dns/name';

const NAMESERVERS = ['ns1.lumi.test.', 'ns2.lumi.test.'];
const MAILBOX = 'hostmaster.lumi.test.';
const TTL = 3600;
/** How long resolvers keep that a name does not exist (RFC 2308 §5). */
const NEGATIVE_TTL = 300;

export function apexRecords(zone: Labels, serial: number): readonly WrittenRecord[] {
  const times = `${String(serial)} 10800 3600 604800 ${String(NEGATIVE_TTL)}`;
  return [
    { name: zone, type: 'SOA', ttl: TTL, content: `${NAMESERVERS[0] ?? ''} ${MAILBOX} ${times}` },
    ...NAMESERVERS.map((content) => ({ name: zone, type: 'NS' as const, ttl: TTL, content })),
  ];
}
