// Master files (RFC 1035 §5): read with the place of everything that is wrong, and written so that they read the same.
import { contentOf } from './content';
import { RecordFault, shown } from './fault';
import { compareNames, isWithin, readLabels, writeName, writeRelative, type Labels } from './name';
import { isRecordType, type RecordType } from './record-types';
import { TTL_DEFAULT, ttlRefusal } from './zone-limits';
import type { Word } from './word';
import { FileFault, ZoneLines, type Entry } from './zone-lines';

export interface FileRecord {
  readonly name: Labels;
  readonly type: RecordType | 'SOA';
  readonly ttl: number;
  readonly content: string;
  readonly line: number;
  readonly column: number;
}

export interface PlacedFault {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface ZoneFile {
  readonly records: readonly FileRecord[];
  /** At most 50. */
  readonly faults: readonly PlacedFault[];
}

const FAULTS_MAX = 50;
const SIZE_MAX = 1024 * 1024;

/** The end of a file that has too many records, or faults, is not read. */
export function readZoneFile(text: string, zone: Labels, recordsMax: number): ZoneFile {
  if (text.length > SIZE_MAX)
    return {
      records: [],
      faults: [{ line: 1, column: 1, message: `the file is longer than ${String(SIZE_MAX)} characters` }],
    };
  const faults: PlacedFault[] = [];
  const records: FileRecord[] = [];
  const lines = new ZoneLines(text.replace(/^\ufeff/, ''));
  const reader = new EntryReader(zone);
  try {
    for (let entry = lines.next(); entry !== null; entry = lines.next()) {
      const [first] = entry.words;
      try {
        const record = reader.read(entry);
        if (record === null) continue;
        if (records.length >= recordsMax)
          throw new FileFault(`the file has more than ${String(recordsMax)} records`, first.line, first.column);
        records.push(record);
      } catch (err) {
        if (!(err instanceof RecordFault)) throw err;
        const { line, column } = err.word ?? first;
        faults.push({ line, column, message: err.message });
        if (faults.length >= FAULTS_MAX) return { records, faults };
      }
    }
  } catch (err) {
    if (!(err instanceof FileFault)) throw err;
    faults.push({ line: err.line, column: err.column, message: err.message });
  }
  return { records, faults };
}

/** What an entry means depends on those before it. */
class EntryReader {
  private origin: Labels;
  private owner: Labels | null = null;
  private defaultTtl: number | null = null;
  private lastTtl: number | null = null;

  constructor(private readonly zone: Labels) {
    this.origin = zone;
  }

  read({ words, isIndented }: Entry): FileRecord | null {
    const [first] = words;
    if (!isIndented && first.raw.startsWith('$')) {
      this.directive(first, words.slice(1));
      return null;
    }
    const rest = isIndented ? words : words.slice(1);
    if (!isIndented) this.owner = readLabels(first.raw, this.origin, first);
    if (this.owner === null) throw new RecordFault('the first record has no name', first);
    const { ttl, type, data } = this.head(rest, first);
    if (!isWithin(this.owner, this.zone))
      throw new RecordFault(`the name ${shown(writeName(this.owner))} is not in the zone`, first);
    return {
      name: this.owner,
      type,
      ttl,
      content: contentOf(type, data, this.origin).text,
      line: first.line,
      column: first.column,
    };
  }

  /** TTL and class may be absent, and are in any order. */
  private head(
    words: readonly Word[],
    first: Word,
  ): { readonly ttl: number; readonly type: RecordType | 'SOA'; readonly data: readonly Word[] } {
    let ttl: { readonly value: number; readonly word: Word } | null = null;
    let hasClass = false;
    for (const [at, word] of words.entries()) {
      const seconds: number | null = ttl === null ? secondsOf(word.raw) : null;
      const text = word.raw.toUpperCase();
      if (seconds !== null) ttl = { value: seconds, word };
      else if (!hasClass && text === 'IN') hasClass = true;
      else if (/^(CH|CS|HS|NONE|ANY)$/.test(text)) throw new RecordFault('must be of the class IN', word);
      else if (text === 'SOA' || isRecordType(text))
        return { type: text, ttl: this.ttlOf(ttl, text), data: withPlace(words.slice(at + 1), word) };
      else throw new RecordFault(`the type ${shown(word.raw)} cannot be in a zone here`, word);
    }
    throw new RecordFault('the entry has no type', words.at(-1) ?? first);
  }

  private ttlOf(given: { readonly value: number; readonly word: Word } | null, type: string): number {
    if (given === null) return this.defaultTtl ?? this.lastTtl ?? TTL_DEFAULT;
    // SOA is ours, with a TTL of ours.
    const refusal = type === 'SOA' ? null : ttlRefusal(given.value);
    if (refusal !== null) throw new RecordFault(`the TTL ${refusal}`, given.word);
    if (type !== 'SOA') this.lastTtl = given.value;
    return given.value;
  }

  private directive(word: Word, rest: readonly Word[]): void {
    const [value, more] = rest;
    const directive = word.raw.toUpperCase();
    if (directive !== '$ORIGIN' && directive !== '$TTL') {
      throw new RecordFault(
        directive === '$INCLUDE' || directive === '$GENERATE'
          ? `${directive} is not taken; write its records out`
          : `the directive ${shown(word.raw)} is unknown`,
        word,
      );
    }
    if (value === undefined || more !== undefined) throw new RecordFault(`${directive} has one value`, more ?? word);
    if (directive === '$ORIGIN') {
      this.origin = readLabels(value.raw, this.origin, value);
      return;
    }
    const seconds = secondsOf(value.raw);
    if (seconds === null) throw new RecordFault('$TTL must be a number of seconds, or such as 1h30m', value);
    const refusal = ttlRefusal(seconds);
    if (refusal !== null) throw new RecordFault(`$TTL ${refusal}`, value);
    this.defaultTtl = seconds;
  }
}

/** Data without a word is at fault where its type is. */
function withPlace(words: readonly Word[], type: Word): readonly Word[] {
  if (words.length === 0) throw new RecordFault('the record has no data', type);
  return words;
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds, or such as `1h30m` (BIND). */
function secondsOf(text: string): number | null {
  if (!/^(\d{1,10}[smhdw]?){1,8}$/i.test(text) || !/^(\d+|(\d+[smhdw])+)$/i.test(text)) return null;
  let sum = 0;
  for (const [, count = '0', unit = 's'] of text.matchAll(/(\d+)([a-z]?)/gi))
    sum += Number(count) * (UNITS[unit === '' ? 's' : unit.toLowerCase()] ?? 1);
  return sum;
}

export interface WrittenRecord {
  readonly name: Labels;
  readonly type: RecordType | 'SOA';
  readonly ttl: number;
  readonly content: string;
}

/** The same records give the same text, in whatever order they come. */
export function writeZoneFile(zone: Labels, records: readonly WrittenRecord[]): string {
  const lines = [...records].sort(compareRecords).map(({ name, type, ttl, content }) => {
    const owner = writeRelative(name, zone);
    return `${owner}\t${String(ttl)}\tIN\t${type}\t${content}\n`;
  });
  return `$ORIGIN ${writeName(zone)}\n${lines.join('')}`;
}

function compareRecords(a: WrittenRecord, b: WrittenRecord): number {
  return (
    compareNames(a.name, b.name) ||
    rank(a.type) - rank(b.type) ||
    compareTexts(a.type, b.type) ||
    compareTexts(a.content, b.content)
  );
}

/** SOA comes first, as programs expect, and NS after it. */
function rank(type: string): number {
  return type === 'SOA' ? 0 : type === 'NS' ? 1 : 2;
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
