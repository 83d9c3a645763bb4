import { writeRelative, type Labels } from './name';
import { HOSTILE_FILES } from './test/hostile-files';
import { TRICKY_FILE, TRICKY_RECORDS } from './test/tricky-file';
import { readZoneFile, writeZoneFile, type PlacedFault } from './zone-file';
import { RECORDS_MAX, faultsOfZone } from './zone-limits';

const ZONE: Labels = ['shop', 'example'];
const read = (text: string, max = RECORDS_MAX) => readZoneFile(text, ZONE, max);
const faultsOf = (text: string): readonly PlacedFault[] => read(text).faults;

describe('a zone file', () => {
  it('is read with $ORIGIN, $TTL, parentheses, quotes, units and names of the line before', () => {
    const { records, faults } = read(TRICKY_FILE);
    expect(faults).toEqual([]);
    expect(records.map(({ name, type, ttl, content }) => [name.join('.'), ttl, type, content])).toEqual(TRICKY_RECORDS);
  });

  it('is written so that it reads the same', () => {
    const { records } = read(TRICKY_FILE);
    const written = writeZoneFile(ZONE, records);
    const again = read(written);
    expect(again.faults).toEqual([]);
    expect(again.records.length).toBe(records.length);
    expect(writeZoneFile(ZONE, [...again.records].reverse())).toBe(written);
  });

  it.each([
    ['www 300 IN A 300.0.0.1\n', 1, 14, /IPv4/],
    ['@ 300 IN A 192.0.2.1\nwww 300 IN MX (\n  10\n  a..b )\n', 4, 3, /empty label/],
    ['www 300 IN A\n', 1, 12, /no data/],
    ['\n\n  A 192.0.2.1\n', 3, 3, /no name/],
    ['www 5 A 192.0.2.1\n', 1, 5, /60 to 604800/],
    ['$TTL 1\n', 1, 6, /60 to 604800/],
    ['$INCLUDE /etc/passwd\n', 1, 1, /\$INCLUDE is not taken/],
    ['$generate 1-9 a$ A 192.0.2.$\n', 1, 1, /\$GENERATE is not taken/],
    ['www.other.example. A 192.0.2.1\n', 1, 1, /not in the zone/],
    ['www CH A 192.0.2.1\n', 1, 5, /class IN/],
    ['www LOC 1 2 3\n', 1, 5, /LOC cannot be/],
    ['www TXT "abc\ndef"\n', 1, 9, /quote/],
    ['www A (192.0.2.1\n', 1, 7, /never closed/],
    ['www A 192.0.2.1 )\n', 1, 17, /never opened/],
    ['www\n', 1, 1, /no type/],
  ])('%j has a fault at line %i, column %i', (text, line, column, message) => {
    expect(faultsOf(text)).toEqual([{ line, column, message: expect.stringMatching(message) }]);
  });

  it('shows every fault, 50 at most', () => {
    expect(faultsOf('a A x\nb A y\nc A 192.0.2.1\nd MX\n').map(({ line }) => line)).toEqual([1, 2, 4]);
    expect(faultsOf('a A x\n'.repeat(200)).length).toBe(50);
  });

  it('ends at the greatest number of records', () => {
    const text = Array.from({ length: 11 }, (_, at) => `h${String(at)} A 192.0.2.1\n`).join('');
    expect(read(text, 10).faults).toEqual([{ line: 11, column: 1, message: 'the file has more than 10 records' }]);
    expect(read(text, 11).faults).toEqual([]);
  });

  it.each(HOSTILE_FILES.map(([about, text]) => [about, text()] as const))('is refused: %s', (_about, text) => {
    const started = process.cpuUsage();
    const { records, faults } = read(text);
    const inZone = records.flatMap(({ name, type, content }) =>
      type === 'SOA' ? [] : [{ name: writeRelative(name, ZONE), type, content, disabled: false }],
    );
    expect(faults.length + faultsOfZone(inZone).length).toBeGreaterThan(0);
    for (const { line, column, message } of faults) {
      expect(line).toBeGreaterThanOrEqual(1);
      expect(column).toBeGreaterThanOrEqual(1);
      expect(message).toMatch(/^[\x20-\x7e…]{1,350}$/);
    }
    // Processor time of this process: what else the machine does is not in it.
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(3_000);
  });

  it('is not confused by 2,000 mutations of a good one', () => {
    let seed = 7;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    for (let round = 0; round < 2_000; round += 1) {
      let text = TRICKY_FILE;
      for (let cut = 0; cut <= random(4); cut += 1) {
        const at = random(text.length);
        text = text.slice(0, at) + '"\\();\n@$. \u0000ü\u{1f600}09A'.charAt(random(17)) + text.slice(at + random(3));
      }
      const { records } = read(text);
      const once = writeZoneFile(ZONE, records);
      const again = read(once);
      expect(again.faults).toEqual([]);
      expect(writeZoneFile(ZONE, again.records)).toBe(once);
    }
  });
});

describe('the records of a zone together', () => {
  const record = (name: string, type: 'A' | 'CNAME' | 'NS' | 'DS' | 'TXT', content: string, disabled = false) => ({
    name,
    type,
    content,
    disabled,
  });
  const messages = (...records: ReturnType<typeof record>[]) => faultsOfZone(records).map(({ message }) => message);

  it('have a CNAME alone at its name, unless the other is disabled', () => {
    const [cname, other] = [record('www', 'CNAME', 'a.'), record('www', 'A', '192.0.2.1')];
    expect(messages(cname, other)).toEqual([expect.stringContaining('alone'), expect.stringContaining('alone')]);
    expect(messages(cname, { ...other, disabled: true })).toEqual([]);
    expect(messages(cname, record('www', 'CNAME', 'b.'))).toHaveLength(2);
  });

  it('have no CNAME, NS or DS at the zone itself, no record twice, no answer that is too large', () => {
    expect(messages(record('@', 'CNAME', 'a.'))).toHaveLength(1);
    expect(messages(record('@', 'NS', 'a.'))).toHaveLength(1);
    expect(messages(record('@', 'DS', '1 13 2 aa'))).toHaveLength(1);
    expect(messages(record('a', 'A', '192.0.2.1'), record('a', 'A', '192.0.2.1', true))).toHaveLength(1);
    const texts = Array.from({ length: 4 }, (_, at) => record('a', 'TXT', `"${String(at)}${'x'.repeat(9_000)}"`));
    expect(messages(...texts)).toHaveLength(4);
    expect(messages(...texts.slice(1))).toEqual([]);
  });

  it('are 5,000 at most', () => {
    const many = Array.from({ length: RECORDS_MAX + 1 }, (_, at) => record(`h${String(at)}`, 'A', '192.0.2.1'));
    expect(messages(...many)).toEqual(['a zone has at most 5000 records']);
    expect(messages(...many.slice(1))).toEqual([]);
  });
});
