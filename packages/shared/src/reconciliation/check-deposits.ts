// Our deposits against what their payment providers say. Recent ones only: a provider forgets, and old ones were
// compared when they were recent.
import type { Product } from '../contract';
import { sql } from '../db';
import type { DepositDeps } from '../deposits';
import type { Breach } from '../ledger';
import { confirmed, type Check } from './check';

const RECENT_MS = 3 * 86_400_000;
const COMPARED_MAX = 500;
/** A payment that the provider knows of is credited within minutes; before that it is no contradiction. */
const SETTLES_WITHIN_MS = 15 * 60_000;

export function checkOfDeposits(product: Product, deps: DepositDeps): Check {
  return { scope: `deposits-${product}`, db: deps.db.platform, find: () => confirmed(() => compare(product, deps)) };
}

async function compare(product: Product, deps: DepositDeps): Promise<Breach[]> {
  const nowMs = deps.clock.nowMs();
  const rows = await deps.db.platform.$queryRaw<DepositRow[]>(sql`
    SELECT id, provider, provider_invoice_id AS invoice, amount, state FROM platform.deposit
    WHERE product = ${product} AND provider_invoice_id IS NOT NULL
      AND created_at > ${new Date(nowMs - RECENT_MS)}::timestamptz
        AND state IN ('credited', 'pending', 'expired', 'cancelled', 'failed')
    ORDER BY seq DESC LIMIT ${COMPARED_MAX}::int`);
  const breaches: Breach[] = [];
  for (const provider of deps.providers.all()) {
    const own = rows.filter((row) => row.provider === provider.terms.provider);
    if (own.length === 0) continue;
    const read = await provider.lookUpMany(own.map(({ invoice }) => invoice));
    if (read.kind === 'unavailable') throw new Error('the payment provider could not be asked', { cause: read.cause });
    for (const row of own) {
      const invoice = read.invoices.get(row.invoice);
      if (row.state === 'credited' && (invoice?.state !== 'paid' || invoice.amount !== row.amount)) {
        breaches.push({
          rule: 'a credited deposit is paid at its provider, at its amount',
          subject: row.id,
          detail:
            `ours ${row.amount.toString()}, provider ` +
            `${invoice === undefined ? 'none' : `${invoice.state} ${String(invoice.amount)}`}`,
        });
      }
      const paidAt = invoice?.state === 'paid' ? invoice.payment?.paidAt : undefined;
      if (row.state !== 'credited' && paidAt !== undefined && nowMs - paidAt.getTime() > SETTLES_WITHIN_MS) {
        breaches.push({
          rule: 'what the provider was paid is credited',
          subject: row.id,
          detail: `ours ${row.state}, paid ${paidAt.toISOString()}`,
        });
      }
    }
  }
  return breaches;
}

interface DepositRow {
  readonly id: string;
  readonly provider: string;
  readonly invoice: string;
  readonly amount: bigint;
  readonly state: string;
}
