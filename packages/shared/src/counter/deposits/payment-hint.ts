// Hints that a payment arrived: this product got the message, and cannot see which deposit it belongs to.
import { sql, type SqlRunner } from '../../base/db';

/** For another product's worker, which reads it at its next round. A hint without a deposit has no effect. */
export async function leaveHint(
  db: SqlRunner,
  hint: { provider: string; providerInvoiceId: string; depositId: string | null },
): Promise<void> {
  // Raw SQL: the database stamps the row; the typed client would send the clock of this process.
  await db.$executeRaw(sql`
    INSERT INTO platform.payment_hint (provider, provider_invoice_id, deposit_id)
      VALUES (${hint.provider}, ${hint.providerInvoiceId}, ${hint.depositId}::text) ON CONFLICT DO NOTHING`);
}
