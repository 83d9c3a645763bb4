// The data of one record: from presentation format to the wire, and to the one form in which it is stored and shown.
import { RecordFault } from './fault';
import { Wire, Words } from './fields';
import type { Labels } from './name';
import { typeOfRecord, type RecordType } from './record-types';
import type { Word } from './word';
import { wordsOf } from './words';

export interface Content {
  /** Presentation format; names are absolute. */
  readonly text: string;
  readonly wire: Buffer;
}

const WRITTEN_MAX = 32_768;
/** Of the wire. One answer of several such records still fits into a message over TCP. */
const DATA_MAX = 16_384;

/** @throws RecordFault */
export function readContent(type: RecordType, text: string, zone: Labels): Content {
  if (text.length > WRITTEN_MAX) throw new RecordFault(`is longer than ${String(WRITTEN_MAX)} characters`);
  const words = wordsOf(text);
  // Two strings are what RFC 1035 makes of it, and a policy of mail is seldom meant so.
  if (type === 'TXT' && words.length > 1 && words.some(({ raw }) => !raw.startsWith('"')))
    throw new RecordFault('has blanks outside quotes; put the text in quotes');
  return contentOf(type, words, zone);
}

/** @throws RecordFault */
export function contentOf(type: RecordType | 'SOA', words: readonly Word[], origin: Labels): Content {
  if (words[0]?.raw === '\\#') throw new RecordFault('must be written in the form of its type, not as \\#', words[0]);
  const { fields, check } = typeOfRecord(type);
  const reader = new Words(words, origin);
  const wire = Buffer.concat(fields.map((field) => field.read(reader)));
  reader.end();
  if (wire.length > DATA_MAX) throw new RecordFault(`is longer than ${String(DATA_MAX)} bytes`, words[0]);
  check?.(wire);
  // The tag of CAA is compared without case (RFC 8659 §4.1) and stored in lower case.
  if (type === 'CAA') lowerTag(wire);
  return { text: writeContent(type, wire), wire };
}

function lowerTag(wire: Buffer): void {
  wire.write(wire.toString('latin1', 2, 2 + (wire[1] ?? 0)).toLowerCase(), 2, 'latin1');
}

function writeContent(type: RecordType | 'SOA', wire: Buffer): string {
  const reader = new Wire(wire);
  const texts = typeOfRecord(type).fields.map((field) => field.write(reader));
  // The tag of CAA is written without quotes.
  if (type === 'CAA' && texts[1] !== undefined) texts[1] = texts[1].slice(1, -1);
  return texts.filter((text) => text !== '').join(' ');
}
