// Reads of deposits, by reach.
import { given, seqBefore, type PlatformClient } from '../../base/db';
import { ownedBy, type Reach } from '../endpoint';
import { depositOfRow, type Deposit } from './deposit-row';

type DepositTable = Pick<PlatformClient, 'deposit'>;

export async function findDeposit(db: DepositTable, reach: Reach, id: string): Promise<Deposit | null> {
  const row = await db.deposit.findFirst({ where: { id, ...ownedBy(reach) } });
  return row === null ? null : depositOfRow(row);
}

export async function findDepositByInvoice(
  db: DepositTable,
  provider: string,
  providerInvoiceId: string,
): Promise<Deposit | null> {
  const row = await db.deposit.findUnique({
    where: { provider_provider_invoice_id: { provider, provider_invoice_id: providerInvoiceId } },
  });
  return row === null ? null : depositOfRow(row);
}

export interface DepositFilter {
  readonly status?: string | undefined;
  readonly provider?: string | undefined;
  readonly reference?: string | undefined;
}

/** Newest first; reads one row more than `limit`. */
export async function listDeposits(
  db: DepositTable,
  reach: Reach,
  { status, provider, reference }: DepositFilter,
  page: { limit: number; beforeSeq: string | null },
): Promise<Deposit[]> {
  const rows = await db.deposit.findMany({
    where: { ...ownedBy(reach), ...given({ state: status, provider, reference }), ...seqBefore(page) },
    orderBy: { seq: 'desc' },
    take: page.limit + 1,
  });
  return rows.map(depositOfRow);
}
