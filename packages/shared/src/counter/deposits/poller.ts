// The poller finds what no webhook reported in time. It recovers unknown creates, credits missed and late payments, and
// closes what expired. Any number of workers may run it; one of them looks at each due deposit.
import { sql } from '../../base/db';
import type { Loop } from '../../house-keeping/process';
import { takeDueDeposits } from './deposit-store';
import type { Deposit } from './deposit-row';
import { lookUp } from './deposits';
import type { LookUpOutcome, PaymentProvider } from './provider';
import { reconcile, type DepositDeps } from './reconcile';

/** Longer than a round can take. The deposits of a worker that dies are due again after this. */
const LEASE_MS = 120_000;
const IDLE_MS = 1_000;
const ROUND_MAX = 100;

/** One round; returns how many deposits were due. Call again while that is `limit`. */
export async function pollDeposits(deps: DepositDeps, limit = ROUND_MAX): Promise<number> {
  const due = await takeDueDeposits(deps.db.direct, limit, LEASE_MS);
  for (const [name, deposits] of groupByProvider(due)) {
    const provider = deps.providers.find(name);
    if (provider === null)
      deps.log.error('deposits wait for a provider that is not configured', {
        provider: name,
        count: deposits.length,
        alert: true,
      });
    else await pollProvider(deps, provider, deposits);
  }
  return due.length;
}

async function pollProvider(deps: DepositDeps, provider: PaymentProvider, deposits: readonly Deposit[]): Promise<void> {
  const ids = deposits.flatMap((deposit) => deposit.providerInvoiceId ?? []);
  const many = await provider.lookUpMany(ids).catch((cause: unknown) => ({ kind: 'unavailable' as const, cause }));
  let away: LookUpOutcome | null = many.kind === 'unavailable' ? many : null;
  for (const deposit of deposits) {
    // A provider that is down is asked once a round, not once a deposit, because each call waits for its time-out.
    const seen: LookUpOutcome =
      away ??
      (deposit.providerInvoiceId === null ? await lookUp(provider, deposit) : oneOf(many, deposit.providerInvoiceId));
    if (seen.kind === 'unavailable') away = seen;
    try {
      await reconcile(deps, deposit, seen);
    } catch (err) {
      // A deposit that cannot be written must not delay the others; it is due again when its lease ends.
      deps.log.error('a deposit could not be reconciled', { deposit_id: deposit.id, err });
    }
  }
}

function oneOf(many: Awaited<ReturnType<PaymentProvider['lookUpMany']>>, providerInvoiceId: string): LookUpOutcome {
  if (many.kind === 'unavailable') return many;
  const invoice = many.invoices.get(providerInvoiceId);
  return invoice === undefined ? { kind: 'absent' } : { kind: 'found', invoice };
}

function groupByProvider(deposits: readonly Deposit[]): Map<string, Deposit[]> {
  const groups = new Map<string, Deposit[]>();
  for (const deposit of deposits) groups.set(deposit.provider, [...(groups.get(deposit.provider) ?? []), deposit]);
  return groups;
}

/** For a worker process. */
export function depositLoop(deps: DepositDeps): Loop {
  return {
    name: 'deposits',
    everyMs: IDLE_MS,
    // Open, not due: a webhook's hint makes an open deposit due, and workers cannot see hints.
    due: () => sql`EXISTS (SELECT 1 FROM platform.deposit WHERE wake_at IS NOT NULL)`,
    run: async () => (await pollDeposits(deps)) >= ROUND_MAX,
  };
}
