// Hints that a payment arrived: this product was told of it, and cannot see whose deposit it is.
import type { PlatformClient } from '../db';

/** For another product's worker, which looks at its next round; nothing comes of it where the deposit is nobody's. */
export async function leaveHint(
  db: Pick<PlatformClient, 'paymentHint'>,
  hint: { provider: string; providerInvoiceId: string; depositId: string | null },
): Promise<void> {
  await db.paymentHint.createMany({
    data: {
      provider: hint.provider,
      provider_invoice_id: hint.providerInvoiceId,
      deposit_id: hint.depositId,
    },
    skipDuplicates: true,
  });
}
