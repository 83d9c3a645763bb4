import { AppError } from '../../ground/contract';
import { parseJsonBody } from './json-body';

const read = (text: string): unknown => parseJsonBody(Buffer.from(text, 'utf8'));

function refusalOf(text: string): unknown {
  try {
    read(text);
    return null;
  } catch (err) {
    return err instanceof AppError ? err.details : err;
  }
}

describe('a number in a body', () => {
  it.each([
    '0',
    '-0',
    '-0.0',
    '1',
    '-1',
    '9007199254740991',
    '-9007199254740991',
    '9007199254740991.0',
    '0.1',
    '1.10',
    '3.14',
    '0.000001',
    '1e3',
    '1E+3',
    '1000e-3',
    '1.5e10',
    '123456789.123',
    '0.30000000000000004',
    '5e-324',
    '0e999',
    '0.0e-999',
  ])('%s is accepted unchanged', (text) => {
    expect(read(`{"n":${text}}`)).toEqual({ n: JSON.parse(text) as number });
    expect(read(text)).toBe(JSON.parse(text));
  });

  it.each([
    '9007199254740992',
    '9007199254740993',
    '-9007199254740992',
    '12345678901234567890',
    '1e16',
    '1e400',
    '-1e400',
    '1e308',
    '1e-400',
    '0.1234567890123456789',
    '3.141592653589793238',
    '1.0000000000000000001',
    '9007199254740991.5',
    '2e-324',
  ])('%s is refused, because it would be rounded', (text) => {
    const details = [{ path: 'invoice', message: expect.stringContaining('send it as a string') as string }];
    expect(refusalOf(`{"metadata":{"invoice":${text}}}`)).toEqual(details);
    expect(refusalOf(`{"metadata":{"invoice": [1, ${text}]}}`)).toEqual(details);
    expect(refusalOf(text)).toEqual([{ path: '', message: expect.any(String) as string }]);
  });

  it('is looked for outside of strings only', () => {
    expect(read('{"12345678901234567890":"12345678901234567890"}')).toEqual({
      '12345678901234567890': '12345678901234567890',
    });
  });
});
