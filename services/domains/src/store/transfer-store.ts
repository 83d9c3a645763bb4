// Transfers are orders of the kind `domain_transfer`.
import { notFound } from '@lumi/shared/contract';
import { given, seqBefore, type PlatformClient } from '@lumi/shared/db';
import { ownedBy, type Reach } from '@lumi/shared/endpoint';
import { orderOfRow, type JsonObject, type Order } from '@lumi/shared/purchase';
import { TRANSFER_CANCELLED } from '../supplier/registrar';

export interface TransferRow {
  readonly seq: bigint;
  readonly order: Order<JsonObject>;
}

type OrderTable = Pick<PlatformClient, 'order'>;

const TRANSFERS = { product: 'domains', kind: 'domain_transfer' } as const;

export async function findTransfer(db: OrderTable, reach: Reach, id: string): Promise<Order<JsonObject>> {
  if (!id.startsWith('op_')) throw notFound();
  const row = await db.order.findFirst({
    where: { id: id.replace(/^op_/, 'ord_'), ...TRANSFERS, ...ownedBy(reach) },
  });
  if (row === null) throw notFound();
  return orderOfRow(row);
}

export async function listTransfers(
  db: OrderTable,
  reach: Reach,
  options: { state: string | undefined; domain: string | undefined; limit: number; after: readonly string[] | null },
): Promise<TransferRow[]> {
  const rows = await db.order.findMany({
    where: {
      ...TRANSFERS,
      ...ownedBy(reach),
      ...(options.state === undefined ? {} : storedAs(options.state)),
      ...given({ subject: options.domain }),
      ...seqBefore({ beforeSeq: options.after?.[0] ?? null }),
    },
    orderBy: { seq: 'desc' },
    take: options.limit + 1,
  });
  return rows.map((row) => ({ seq: row.seq, order: orderOfRow(row) }));
}

function storedAs(state: string) {
  switch (state) {
    case 'pending':
      return { state: { in: ['acting', 'pending'] } };
    case 'completed':
      return { state: 'captured' };
    case 'refused':
      return { state: 'released', OR: [{ refusal_text: null }, { refusal_text: { not: TRANSFER_CANCELLED } }] };
    case 'cancelled':
      return { state: 'released', refusal_text: TRANSFER_CANCELLED };
    default:
      return { state: { in: [] } };
  }
}
