// Which fields of a message go further. The node adds none, and it removes those that speak of a connection or of who
// is behind a proxy, in both directions.
import { wordsOf, type Field } from './http-head';

const OWN: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'forwarded',
  'x-real-ip',
]);
const OWN_PREFIXES = ['proxy-', 'x-forwarded-'];

/** Without the fields of this hop, those that `Connection` names, and those in `also` (lower case). */
export function withoutHopFields(fields: readonly Field[], also: readonly string[] = []): readonly Field[] {
  const named = new Set([...wordsOf(fields, 'connection'), ...wordsOf(fields, 'proxy-connection'), ...also]);
  // A message keeps what frames it and where it goes, even if a client names these fields as its own.
  if (!also.includes('content-length')) named.delete('content-length');
  if (!also.includes('host')) named.delete('host');
  return fields.filter(([name]) => {
    const lower = name.toLowerCase();
    return !OWN.has(lower) && !named.has(lower) && !OWN_PREFIXES.some((prefix) => lower.startsWith(prefix));
  });
}

export function headBytes(firstLine: string, fields: readonly Field[]): Buffer {
  return Buffer.from(
    `${[firstLine, ...fields.map(([name, value]) => `${name}: ${value}`)].join('\r\n')}\r\n\r\n`,
    'latin1',
  );
}
