// The types of records that a zone may hold, their numbers, and the fields of their data.
import { RecordFault } from './fault';
import { hex, ipv4, ipv6, longString, name, number, string, strings, type Field } from './fields';
import { serviceParams } from './service-params';

/** What customers write. SOA and the name servers of the zone itself are ours. */
export const RECORD_TYPES = [
  'A',
  'AAAA',
  'CAA',
  'CNAME',
  'DS',
  'HTTPS',
  'MX',
  'NAPTR',
  'NS',
  'PTR',
  'SRV',
  'SSHFP',
  'SVCB',
  'TLSA',
  'TXT',
] as const;
export type RecordType = (typeof RECORD_TYPES)[number];

export interface TypeOfRecord {
  readonly code: number;
  readonly fields: readonly Field[];
  /** What the fields together must fulfil; throws `RecordFault`. */
  readonly check?: (wire: Buffer) => void;
}

/** Number of bytes of a digest by the number of its kind. */
const DS_DIGESTS: Readonly<Record<number, number>> = { 1: 20, 2: 32, 4: 48 };
const SSHFP_DIGESTS: Readonly<Record<number, number>> = { 1: 20, 2: 32 };
const TLSA_DIGESTS: Readonly<Record<number, number>> = { 1: 32, 2: 64 };
const TLSA_USAGES = upTo(3);

const service: TypeOfRecord['fields'] = [number('priority', 2), name('the target'), serviceParams];

const TYPES: Readonly<Record<RecordType | 'SOA', TypeOfRecord>> = {
  A: { code: 1, fields: [ipv4] },
  AAAA: { code: 28, fields: [ipv6] },
  CAA: { code: 257, fields: [number('flags', 1), string('tag', tagRefusal), longString] },
  CNAME: { code: 5, fields: [name('the target')] },
  DS: {
    code: 43,
    fields: [number('key tag', 2), number('algorithm', 1), number('digest type', 1), hex],
    check: (wire) => requireDigest(wire, 4, DS_DIGESTS[wire[3] ?? 0]),
  },
  HTTPS: { code: 65, fields: service, check: requireNoParamsOfAlias },
  MX: { code: 15, fields: [number('preference', 2), name('the mail server')] },
  NAPTR: {
    code: 35,
    fields: [
      number('order', 2),
      number('preference', 2),
      string('flags', (bytes) =>
        /^[a-z0-9]*$/i.test(bytes.toString('latin1')) ? null : 'is not of letters and digits',
      ),
      string('service'),
      string('regular expression'),
      name('the replacement'),
    ],
  },
  NS: { code: 2, fields: [name('the name server')] },
  PTR: { code: 12, fields: [name('the target')] },
  SOA: {
    code: 6,
    fields: [
      name('the name server'),
      name('the mailbox'),
      number('serial', 4),
      number('refresh', 4),
      number('retry', 4),
      number('expire', 4),
      number('minimum', 4),
    ],
  },
  SRV: { code: 33, fields: [number('priority', 2), number('weight', 2), number('port', 2), name('the target')] },
  SSHFP: {
    code: 44,
    fields: [number('algorithm', 1), number('fingerprint type', 1), hex],
    check: (wire) => requireDigest(wire, 2, SSHFP_DIGESTS[wire[1] ?? 0]),
  },
  SVCB: { code: 64, fields: service, check: requireNoParamsOfAlias },
  TLSA: {
    code: 52,
    fields: [number('usage', 1, TLSA_USAGES), number('selector', 1, upTo(1)), number('matching type', 1, upTo(2)), hex],
    check: (wire) => {
      if (wire[2] !== 0) requireDigest(wire, 3, TLSA_DIGESTS[wire[2] ?? 0]);
    },
  },
  TXT: { code: 16, fields: [strings] },
};

export function typeOfRecord(type: RecordType | 'SOA'): TypeOfRecord {
  return TYPES[type];
}

export function isRecordType(text: string): text is RecordType {
  return (RECORD_TYPES as readonly string[]).includes(text);
}

function upTo(max: number): (value: number) => string | null {
  // 255 is for private use (RFC 6698 §7).
  return (value) => (value <= max || value === 255 ? null : `must be 0 to ${String(max)}, or 255`);
}

function tagRefusal(bytes: Buffer): string | null {
  return /^[a-z0-9]{1,15}$/i.test(bytes.toString('latin1')) ? null : 'is not of 1 to 15 letters and digits';
}

/** A kind that is not in the table has a length that we do not know. */
function requireDigest(wire: Buffer, at: number, length: number | undefined): void {
  if (length !== undefined && wire.length - at !== length)
    throw new RecordFault(`must have ${String(length * 2)} hexadecimal digits`);
}

/** RFC 9460 §2.4.2. Priority 0 is an alias, which has a target alone. */
function requireNoParamsOfAlias(wire: Buffer): void {
  let at = 2;
  while ((wire[at] ?? 0) > 0) at += 1 + (wire[at] ?? 0);
  if (wire.readUInt16BE(0) === 0 && wire.length > at + 1)
    throw new RecordFault('has parameters; with priority 0 it is an alias and has none');
}
