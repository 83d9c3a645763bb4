import { AppError } from '../../ground/contract';
import { parseJsonBody } from './json-body';

function refusal(text: string): string | undefined {
  try {
    parseJsonBody(Buffer.from(text));
    return undefined;
  } catch (err) {
    return err instanceof AppError ? err.details?.[0]?.message : String(err);
  }
}

const object = (fields: number): string =>
  `{${Array.from({ length: fields }, (_, i) => `"n${String(i)}":1`).join(',')}}`;

describe('the size of a JSON body', () => {
  it.each([
    ['90,000 names in one object', object(90_000), 'has more than 256 fields in one object'],
    ['257 names', object(257), 'has more than 256 fields in one object'],
    ['100,000 values', `[${'1,'.repeat(99_999)}1]`, 'has more than 40000 fields and values'],
    ['40,001 empty lists', `[${'[],'.repeat(40_000)}[]]`, 'has more than 40000 fields and values'],
    ['33 levels', `${'['.repeat(33)}${']'.repeat(33)}`, 'is nested deeper than 32 levels'],
    ['a million levels that never end', '['.repeat(1_000_000), 'is nested deeper than 32 levels'],
  ])('refuses %s before anything is built', (_what, text, message) => {
    const parse = jest.spyOn(JSON, 'parse');
    const said = refusal(text);
    const built = parse.mock.calls.length;
    parse.mockRestore();
    expect([said, built]).toEqual([message, 0]);
  });

  it.each([
    ['256 names', object(256)],
    ['500 items with 20 fields', `{"items":[${Array.from({ length: 500 }, () => object(20)).join(',')}]}`],
    ['commas, colons and brackets in strings', JSON.stringify({ a: ',:[{'.repeat(50_000), b: '\\"'.repeat(1_000) })],
    ['32 levels', `${'['.repeat(32)}${']'.repeat(32)}`],
  ])('accepts %s', (_what, text) => {
    expect(refusal(text)).toBeUndefined();
  });
});
