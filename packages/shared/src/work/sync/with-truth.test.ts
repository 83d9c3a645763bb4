import { withTruth } from './with-truth';

const refused = (
  code: 'expiry_mismatch' | 'state_conflict' | 'suspended' | 'not_found' | 'supplier_error' | 'out_of_stock',
) => ({ kind: 'refused', code, text: 'No.' }) as const;
const truth = [{ path: 'state', message: 'redemption' }];
const told = () => Promise.resolve(truth);

describe('a refusal by a supplier', () => {
  it.each(['expiry_mismatch', 'state_conflict', 'suspended'] as const)(
    'that contradicts us (%s) is answered with the data that were read',
    async (code) => {
      expect(await withTruth(refused(code), told)).toEqual({ ...refused(code), details: truth });
    },
  );

  it('because it does not know the object is a conflict, not a 404', async () => {
    expect(await withTruth(refused('not_found'), told)).toEqual({ ...refused('state_conflict'), details: truth });
  });

  it('is passed on unchanged when the supplier cannot be read, or has no differing data', async () => {
    expect(await withTruth(refused('state_conflict'), () => Promise.reject(new Error('away')))).toEqual(
      refused('state_conflict'),
    );
    expect(await withTruth(refused('state_conflict'), () => Promise.resolve([]))).toEqual(refused('state_conflict'));
  });

  it('for any other reason, and any other outcome, causes no read', async () => {
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
