import { transactionsCsv } from './transaction-csv';
import type { TransactionView } from './transaction-view';

const line: TransactionView = {
  id: 'trf_1',
  type: 'adjustment',
  amount_usd: '-5.00',
  balance_after_usd: '1.00',
  user_id: 'usr_1',
  product: null,
  description: 'plain',
  order_id: null,
  operation_id: null,
  deposit_id: null,
  key_id: null,
  idempotency_key: null,
  created_at: '2026-06-09T12:00:00Z',
};
const row = (change: Partial<TransactionView>): string =>
  transactionsCsv([{ ...line, ...change }])
    .split('\r\n')
    .slice(1, -1)
    .join('\r\n');

describe('transactionsCsv', () => {
  it('keeps amounts as numbers and missing values empty', () => {
    expect(row({})).toBe('trf_1,2026-06-09T12:00:00Z,adjustment,-5.00,1.00,,plain,,,,,usr_1');
  });

  it.each([
    ['=1+1', "'=1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['-2', "'-2"],
    ['+1', "'+1"],
    ['a,b', '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ['=a,b', '"\'=a,b"'],
  ])('writes the text %s so that a spreadsheet reads it as text', (text, cell) => {
    expect(row({ description: text })).toContain(`,${cell},`);
  });
});
