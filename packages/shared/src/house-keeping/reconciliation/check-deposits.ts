// Our deposits against what their payment providers say. Recent ones only: a provider forgets, and old ones were
// compared when they were recent.
import type { Product } from '../../ground/contract';
import { DAY_MS } from '../../ground/times';
import type { DepositDeps } from '../../counter/deposits';
import type { Breach } from '../../base/ledger';
import { confirmed, type Check } from './check';

const RECENT_MS = 3 * DAY_MS;
const COMPARED_MAX = 500;
/** A payment that the provider knows is credited within minutes; before that it is no breach. */
const SETTLES_WITHIN_MS = 15 * 60_000;

export function checkOfDeposits(product: Product, deps: DepositDeps): Check {
  return { scope: `deposits-${product}`, db: deps.db.platform, find: () => confirmed(() => compare(product, deps)) };
}

async function compare(product: Product, deps: DepositDeps): Promise<Breach[]> {
  const nowMs = deps.clock.nowMs();
  const rows = await deps.db.platform.deposit.findMany({
    where: {
      product,
      provider_invoice_id: { not: null },
      created_at: { gt: new Date(nowMs - RECENT_MS) },
      state: { in: ['credited', 'pending', 'expired', 'cancelled', 'failed'] },
    },
    select: { id: true, provider: true, provider_invoice_id: true, amount: true, state: true },
    orderBy: { seq: 'desc' },
    take: COMPARED_MAX,
  });
  const breaches: Breach[] = [];
  for (const provider of deps.providers.all()) {
    const own = rows.flatMap(({ provider_invoice_id: invoice, ...row }) =>
      row.provider === provider.terms.provider && invoice !== null ? [{ ...row, invoice }] : [],
    );
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
