// Hints that a payment arrived: this product was told of it, and cannot see whose deposit it is.
import { sql, type SqlRunner } from '../../base/db';

/** For another product's worker, which looks at its next round; nothing comes of it where the deposit is nobody's. */
export async function leaveHint(
  db: SqlRunner,
  hint: { provider: string; providerInvoiceId: string; depositId: string | null },
): Promise<void> {
  // Raw SQL: the database stamps the row; the typed client would send the clock of this process.
  await db.$executeRaw(sql`
    INSERT INTO platform.payment_hint (provider, provider_invoice_id, deposit_id)
      VALUES (${hint.provider}, ${hint.providerInvoiceId}, ${hint.depositId}::text) ON CONFLICT DO NOTHING`);
}
