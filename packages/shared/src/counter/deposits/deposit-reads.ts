// Reads of deposits, by reach.
import { given, seqBefore, sql, type DepositModel, type PlatformClient, type SqlRunner } from '../../base/db';
import { ownedBy, type Reach } from '../endpoint';
import { within } from '../listing';
import { depositOfRow, type Deposit } from './deposit-row';

type DepositTable = Pick<PlatformClient, 'deposit'>;

export async function findDeposit(db: SqlRunner, reach: Reach, id: string): Promise<Deposit | null> {
  // Raw SQL: callers poll it, and with the typed client it was more than 10 % slower (docs/decisions/0008).
  const rows = await db.$queryRaw<DepositModel[]>(
    sql`SELECT * FROM platform.deposit d WHERE d.id = ${id} AND ${within(reach, 'd')}`,
  );
  return rows[0] === undefined ? null : depositOfRow(rows[0]);
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
