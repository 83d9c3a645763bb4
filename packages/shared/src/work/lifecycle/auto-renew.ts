// Renews what its owner wanted renewed, through the purchase engine and under its own claim: the thing and the expiry
// it is renewed from, so nothing is ever renewed twice from one expiry. One worker at a time has an account, and goes
// through what is due in the account's order of priority; what the balance or the limits do not cover is left out, told
// once, and tried again until its time is over.
import { AppError, newId } from '../../ground/contract';
import type { EventDraft } from '../../ground/events';
import { formatUsd } from '../../ground/money';
import {
  priceOf,
  purchase,
  renewalClaim,
  systemPayer,
  type Offer,
  type PurchaseAnswer,
  type PurchaseDeps,
} from '../purchase';
import { elapsedMs, isoSeconds } from '../../ground/runtime';
import { readSettings, type AutoRenewSettings } from './auto-renew-settings';
import { dueRenewals, giveBack, noteRenewal, takeTurns, type DueRenewal, type Turn } from './lifecycle-store';
import type { LifecycleSource, Resource } from './source';

const ACCOUNTS_MAX = 10;
const RENEWALS_MAX = 100;
const LEASE_MS = 120_000;
/** After this much of the lease no new purchase begins, so that the last one ends within it. */
const WORK_LIMIT_MS = 60_000;
const FIRST_ROUND = 1;
const AGAIN_MS = 3_600_000;
const AGAIN_AFTER_REFUSAL_MS = 6 * 3_600_000;
/** A purchase is running: recovery settles it, and the next look finds its answer. */
const RUNNING_AGAIN_MS = 60_000;

/** One turn of each account with renewals due. True when there may be more. */
export async function autoRenewRound(deps: PurchaseDeps, source: LifecycleSource): Promise<boolean> {
  if (source.renewals === undefined) return false;
  const turns = await takeTurns(deps.db.platform, source, deps.clock.now(), ACCOUNTS_MAX, LEASE_MS);
  await Promise.all(turns.map((turn) => renewAccount(deps, source, turn)));
  return turns.length === ACCOUNTS_MAX;
}

interface Candidate {
  readonly due: DueRenewal;
  readonly resource: Resource;
  readonly renewal: Offer | AppError;
}

async function renewAccount(deps: PurchaseDeps, source: LifecycleSource, turn: Turn): Promise<void> {
  const startedMs = elapsedMs();
  try {
    const settings = await readSettings(deps.db.platform, source.product, turn.accountId);
    for (const candidate of inOrder(await candidates(deps, source, turn.accountId), settings)) {
      if (elapsedMs() - startedMs > WORK_LIMIT_MS) return;
      await renewOne(deps, source, candidate, settings);
    }
  } finally {
    await giveBack(deps.db.platform, source, turn, deps.clock.now());
  }
}

async function candidates(deps: PurchaseDeps, source: LifecycleSource, accountId: string): Promise<Candidate[]> {
  const { platform } = deps.db;
  const now = deps.clock.now();
  const dues = await dueRenewals(platform, source, accountId, now, RENEWALS_MAX);
  const resources = await readById(source, dues);
  const found: { due: DueRenewal; resource: Resource }[] = [];
  for (const due of dues) {
    const resource = resources.get(due.resource);
    const isCurrent = isOfTerm(resource, due);
    if (isCurrent && resource.renewFrom <= now && now < resource.renewUntil) found.push({ due, resource });
    // Not due yet, no longer due, or changed since it was taken up; then tracking takes it up again.
    else
      await noteRenewal(platform, source, due, {
        renewAt: isCurrent && resource.renewFrom > now ? resource.renewFrom : null,
        round: due.round,
        problem: null,
        events: [],
      });
  }
  const renewals =
    found.length === 0
      ? []
      : ((await source.renewals?.(
          accountId,
          found.map(({ resource }) => resource),
        )) ?? []);
  // An offer is made from the row as it is then, which may have been renewed since it was found due. The row is read
  // once more: if it still has the due term, so had the offer, and the hold refuses whatever changes afterwards.
  // Otherwise the next look decides.
  const present = await readById(source, dues);
  return found.flatMap(({ due, resource }, i) => {
    const renewal = renewals[i];
    return renewal === undefined || !isOfTerm(present.get(due.resource), due) ? [] : [{ due, resource, renewal }];
  });
}

async function readById(source: LifecycleSource, dues: readonly DueRenewal[]): Promise<ReadonlyMap<string, Resource>> {
  const resources = await source.read(dues.map(({ resource }) => resource));
  return new Map(resources.map((resource) => [resource.id, resource]));
}

function isOfTerm(resource: Resource | undefined, due: DueRenewal): resource is Resource {
  return resource !== undefined && resource.autoRenew && resource.expiresAt.getTime() === due.term.getTime();
}

/** The owner's chosen tags first, in their order; then by the rule. */
function inOrder(list: readonly Candidate[], settings: AutoRenewSettings): readonly Candidate[] {
  const rankOf = ({ resource }: Candidate): number => {
    const ranks = settings.priorityTags.map((tag, i) => (resource.tags.includes(tag) ? i : Infinity));
    return Math.min(Infinity, ...ranks);
  };
  const costs = ({ renewal }: Candidate): bigint => (renewal instanceof AppError ? 0n : priceOf(renewal));
  const byRule = (a: Candidate, b: Candidate): number => {
    if (settings.priority !== 'soonest' && costs(a) !== costs(b))
      return costs(a) < costs(b) === (settings.priority === 'cheapest') ? -1 : 1;
    return a.resource.expiresAt.getTime() - b.resource.expiresAt.getTime() || (a.resource.id < b.resource.id ? -1 : 1);
  };
  return [...list].sort((a, b) => {
    const [rankA, rankB] = [rankOf(a), rankOf(b)];
    return rankA === rankB ? byRule(a, b) : rankA - rankB;
  });
}

async function renewOne(
  deps: PurchaseDeps,
  source: LifecycleSource,
  { due, resource, renewal }: Candidate,
  settings: AutoRenewSettings,
): Promise<void> {
  const again = (problem: string | null, renewAfterMs: number | null, round = due.round): Promise<void> =>
    note(deps, source, { due, resource, renewal, problem, renewAfterMs, round });
  if (!settings.enabled) return again('auto_renew_off', AGAIN_MS);
  if (renewal instanceof AppError) return again(renewal.code, AGAIN_MS);
  const requestId = newId('req', deps.clock.nowMs());
  let answer: PurchaseAnswer;
  try {
    answer = await purchase(deps, {
      ...renewal,
      consent: { max: settings.maxPrice ?? undefined },
      principal: systemPayer(source.product, resource.accountId),
      accountId: resource.accountId,
      requestId,
      claim: renewalClaim(source.product, {
        resource: resource.id,
        expiresAt: resource.expiresAt,
        round: due.round,
        requestId,
      }),
      dryRun: false,
      tags: resource.tags,
    });
  } catch (err) {
    if (!(err instanceof AppError) || err.status >= 500) {
      deps.log.error('a renewal could not be started; it is tried again', {
        noun: source.noun,
        resource: resource.id,
        err,
      });
      return again('service_unavailable', AGAIN_MS);
    }
    return err.code === 'in_progress' || err.code === 'busy'
      ? again(null, RUNNING_AGAIN_MS)
      : again(problemOf(err, renewal, settings), AGAIN_MS);
  }
  if (answer.status === 202) return again(null, RUNNING_AGAIN_MS);
  // Captured, now or by an earlier try: tracking sees the new expiry. If it is not visible yet, the claim answers the
  // next try too.
  if (answer.status < 400) return again(null, RUNNING_AGAIN_MS);
  // The supplier has another expiry, which was read and stored. Tracking continues from there, so no failure is
  // reported.
  if (answer.error?.code === 'expiry_mismatch' && due.round === FIRST_ROUND)
    return again(null, RUNNING_AGAIN_MS, due.round + 1);
  return again(answer.error?.code ?? 'supplier_error', AGAIN_AFTER_REFUSAL_MS, due.round + 1);
}

function problemOf(refusal: AppError, renewal: Offer, settings: AutoRenewSettings): string {
  if (settings.maxPrice !== null && priceOf(renewal) > settings.maxPrice) return 'price_above_limit';
  return refusal.code === 'daily_cap_exceeded' ? 'auto_renew_cap_reached' : refusal.code;
}

interface Note {
  readonly due: DueRenewal;
  readonly resource: Resource;
  readonly renewal: Offer | AppError;
  readonly problem: string | null;
  readonly renewAfterMs: number | null;
  readonly round: number;
}

async function note(
  deps: PurchaseDeps,
  source: LifecycleSource,
  { due, resource, renewal, problem, renewAfterMs, round }: Note,
): Promise<void> {
  const now = deps.clock.now();
  const wanted = renewAfterMs === null ? null : new Date(now.getTime() + renewAfterMs);
  // The last try is just before its time is over, not just after it.
  const last = new Date(resource.renewUntil.getTime() - RUNNING_AGAIN_MS);
  const renewAt = wanted !== null && wanted > last && now < last ? last : wanted;
  const data = {
    ...resource.data,
    expires_at: isoSeconds(resource.expiresAt),
    reason: problem,
    price_usd: renewal instanceof AppError ? null : formatUsd(priceOf(renewal)),
    retry_at: renewAt !== null && renewAt < resource.renewUntil ? isoSeconds(renewAt) : null,
  };
  // Put together, as in steps.ts.
  const event = { type: `${source.noun}.auto_renew_failed`, subject: resource.id, data } as EventDraft;
  const events = problem === null ? [] : [{ id: newId('evt', now.getTime()), ...event }];
  await noteRenewal(deps.db.platform, source, due, { renewAt, round, problem, events });
}
