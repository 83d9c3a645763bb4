// Names of the DNS in presentation format (RFC 1035 §5.1, RFC 4343) and on the wire. A label is a string with one
// character for each byte; letters of ASCII are in lower case.
import { RecordFault } from './fault';
import type { Word } from './word';

export type Labels = readonly string[];

const LABEL_MAX = 63;
const NAME_MAX = 255;

/** `@` is the origin, a final dot makes the name absolute, any other name is below the origin. */
export function readLabels(raw: string, origin: Labels, word?: Word): Labels {
  if (raw === '@') return origin;
  if (raw === '.') return [];
  if (raw === '') throw new RecordFault('must be a name', word);
  const labels: string[] = [];
  let label = '';
  for (let at = 0; at < raw.length;) {
    const char = raw.charAt(at);
    if (char === '.') {
      if (label === '') throw new RecordFault('has an empty label', word);
      labels.push(label);
      label = '';
      at += 1;
      continue;
    }
    const [byte, next] = char === '\\' ? readEscape(raw, at, word) : [plainChar(raw, at, word), at + 1];
    label += byte;
    if (label.length > LABEL_MAX) throw new RecordFault('has a label of more than 63 bytes', word);
    at = next;
  }
  if (label !== '') labels.push(label);
  const all = raw.endsWith('.') && label === '' ? labels : [...labels, ...origin];
  if (wireLength(all) > NAME_MAX) throw new RecordFault('is longer than 255 bytes', word);
  return all;
}

function plainChar(raw: string, at: number, word: Word | undefined): string {
  const code = raw.charCodeAt(at);
  if (code > 0x7e) throw new RecordFault('has a character beyond ASCII; write such a label as xn--…', word);
  if (code < 0x21) throw new RecordFault('has a blank or a control character', word);
  if (code === 0x22) throw new RecordFault('has a quote; a name has none', word);
  return lower(raw.charAt(at));
}

/** `\DDD` or `\X`, as one byte, and where the text goes on. */
export function readEscape(raw: string, at: number, word?: Word): [byte: string, next: number] {
  const digits = /^\d{1,3}/.exec(raw.slice(at + 1, at + 4))?.[0];
  if (digits === undefined) {
    const code = raw.charCodeAt(at + 1);
    if (Number.isNaN(code)) throw new RecordFault('ends in a backslash', word);
    if (code < 0x20 || code > 0x7e) throw new RecordFault('has a backslash before a character that is no ASCII', word);
    return [lower(raw.charAt(at + 1)), at + 2];
  }
  if (digits.length !== 3 || Number(digits) > 255)
    throw new RecordFault('has a backslash that is not followed by three digits up to 255', word);
  return [lower(String.fromCharCode(Number(digits))), at + 4];
}

function lower(char: string): string {
  return char >= 'A' && char <= 'Z' ? char.toLowerCase() : char;
}

export function wireLength(labels: Labels): number {
  return labels.reduce((sum, label) => sum + 1 + label.length, 1);
}

export function wireOfName(labels: Labels): Buffer {
  const bytes = Buffer.alloc(wireLength(labels));
  let at = 0;
  for (const label of labels) {
    bytes[at] = label.length;
    bytes.write(label, at + 1, 'latin1');
    at += 1 + label.length;
  }
  return bytes;
}

/** Absolute, with a final dot. */
export function writeName(labels: Labels): string {
  return labels.length === 0 ? '.' : labels.map((label) => `${writeLabel(label)}.`).join('');
}

/** As records name it: relative to the zone, `@` for the zone itself. The name must be in the zone. */
export function writeRelative(labels: Labels, zone: Labels): string {
  if (labels.length === zone.length) return '@';
  return labels
    .slice(0, labels.length - zone.length)
    .map(writeLabel)
    .join('.');
}

function writeLabel(label: string): string {
  return label.replace(/[^\x21-\x7e]|[.\\"();@$]/g, (char) => {
    const code = char.charCodeAt(0);
    return code > 0x20 && code < 0x7f ? `\\${char}` : `\\${String(code).padStart(3, '0')}`;
  });
}

export function isWithin(labels: Labels, zone: Labels): boolean {
  const skip = labels.length - zone.length;
  return skip >= 0 && zone.every((label, at) => label === labels[skip + at]);
}

/** The order of names of RFC 4034 §6.1: from the last label to the first. */
export function compareNames(a: Labels, b: Labels): number {
  for (let back = 1; back <= Math.min(a.length, b.length); back += 1) {
    const [left, right] = [a[a.length - back] ?? '', b[b.length - back] ?? ''];
    if (left !== right) return left < right ? -1 : 1;
  }
  return a.length - b.length;
}
