import { withTruth } from './with-truth';

const refused = (
  code: 'expiry_mismatch' | 'state_conflict' | 'suspended' | 'not_found' | 'supplier_error' | 'out_of_stock',
) => ({ kind: 'refused', code, text: 'No.' }) as const;
const truth = [{ path: 'state', message: 'redemption' }];
const told = () => Promise.resolve(truth);

describe('a refusal of a supplier', () => {
  it.each(['expiry_mismatch', 'state_conflict', 'suspended'] as const)(
    'that contradicts us (%s) is told with what was read',
    async (code) => {
      expect(await withTruth(refused(code), told)).toEqual({ ...refused(code), details: truth });
    },
  );

  it('that it knows no such thing is a conflict with what the caller has, not a 404', async () => {
    expect(await withTruth(refused('not_found'), told)).toEqual({ ...refused('state_conflict'), details: truth });
  });

  it('is told as it is where the supplier cannot be read, or has nothing to say', async () => {
    expect(await withTruth(refused('state_conflict'), () => Promise.reject(new Error('away')))).toEqual(
      refused('state_conflict'),
    );
    expect(await withTruth(refused('state_conflict'), () => Promise.resolve([]))).toEqual(refused('state_conflict'));
  });

  it('for any other reason, and any other outcome, is no reason to read', async () => {
    const read = jest.fn(told);
    for (const outcome of [
      refused('supplier_error'),
      refused('out_of_stock'),
      { kind: 'done', result: {} } as const,
      { kind: 'unknown' } as const,
      { kind: 'absent' } as const,
    ])
      expect(await withTruth(outcome, read)).toBe(outcome);
    expect(read).not.toHaveBeenCalled();
  });
});
