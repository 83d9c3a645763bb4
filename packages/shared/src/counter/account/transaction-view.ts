// The view of a posted wallet line for callers.
import { z } from 'zod';
import { formatUsd, usdOutput } from '../../ground/money';
import type { Principal } from '../../base/principal';
import { operationIdOf } from '../../work/purchase';
import { isoSeconds } from '../../ground/runtime';
import { TRANSACTION_TYPES, type Transaction } from './transaction-store';

export const transactionSchema = z
  .object({
    id: z.string().meta({ example: 'trf_01k000000000000000000000' }),
    type: z.enum(TRANSACTION_TYPES),
    amount_usd: usdOutput.describe('Signed: what it did to the balance.').meta({ example: '-9.99' }),
    balance_after_usd: usdOutput.describe('The posted balance right after it.'),
    user_id: z.string(),
    product: z.string().nullable().describe('The product it was made through; the balance is shared by all products.'),
    description: z.string(),
    order_id: z.string().nullable(),
    operation_id: z.string().nullable(),
    deposit_id: z.string().nullable(),
    key_id: z.string().nullable().describe('The key that asked for it.'),
    idempotency_key: z.string().nullable(),
    created_at: z.string(),
  })
  .meta({ id: 'Transaction' });

export type TransactionView = z.output<typeof transactionSchema>;

export function viewTransaction(principal: Principal): (transaction: Transaction) => TransactionView {
  return (transaction) => {
    // An operator made the adjustment; the account does not see that key and request.
    const isForeign = transaction.type === 'adjustment' && principal.type !== 'operator';
    return {
      id: transaction.id,
      type: transaction.type,
      amount_usd: formatUsd(transaction.amount),
      balance_after_usd: formatUsd(transaction.balanceAfter),
      user_id: transaction.accountId,
      product: transaction.product,
      description: transaction.description,
      order_id: transaction.orderId,
      operation_id: transaction.orderId === null ? null : operationIdOf(transaction.orderId),
      deposit_id: transaction.depositId,
      key_id: isForeign ? null : transaction.keyId,
      idempotency_key: isForeign ? null : transaction.idempotencyKey,
      created_at: isoSeconds(transaction.createdAt),
    };
  };
}
