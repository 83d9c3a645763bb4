// Makes the steps that are due: reminders and the stages after expiry. One step at a time for each thing, so their
// order holds and what was missed while no worker ran follows step by step; the row that is claimed, the attempt that
// fences and the list of what is done make each step happen once, however many workers run.
import { newId } from '../../ground/contract';
import { sql } from '../../base/db';
import {
  PURCHASE_TIMES,
  withAbort,
  type EventDraft,
  type JsonObject,
  type Outcome,
  type PurchaseDeps,
} from '../purchase';
import { backoffMs, isoSeconds } from '../../ground/runtime';
import { advance, park, sleep, take, track, type Tracked } from './lifecycle-store';
import type { LifecycleSource, Resource } from './source';
import { horizonOf, nextStep, type Step } from './timeline';

export type LifecycleDeps = Pick<PurchaseDeps, 'db' | 'clock' | 'log'>;

const ROUND_MAX = 50;
const TRACK_MAX = 500;
/** The condition did not hold, most likely because a renewal is running. */
const BUSY_AGAIN_MS = 5_000;
const BACKOFF = { firstMs: 2_000, lastMs: 600_000 };
const STUCK_AFTER_TRIES = 8;

/** Takes up objects that came near their expiry and releases those that are over. True when there are more. */
export async function trackRound(deps: LifecycleDeps, source: LifecycleSource): Promise<boolean> {
  const now = deps.clock.now();
  const until = horizonOf(source, now);
  const counts = [
    await track(deps.db.platform, source, until, now, TRACK_MAX),
    await park(deps.db.platform, source, until, now, TRACK_MAX),
  ];
  return counts.some((count) => count >= TRACK_MAX);
}

/** One step of each object that is due. True when there may be more. */
export async function stepRound(deps: LifecycleDeps, source: LifecycleSource): Promise<boolean> {
  const tracked = await take(deps.db.platform, source, deps.clock.now(), ROUND_MAX, PURCHASE_TIMES.leaseMs);
  if (tracked.length === 0) return false;
  const resources = new Map(
    (await source.read(tracked.map(({ resource }) => resource))).map((resource) => [resource.id, resource]),
  );
  const made = await Promise.all(tracked.map((one) => stepOne(deps, source, one, resources.get(one.resource))));
  return made.some(Boolean) || tracked.length === ROUND_MAX;
}

async function stepOne(
  deps: LifecycleDeps,
  source: LifecycleSource,
  tracked: Tracked,
  resource: Resource | undefined,
): Promise<boolean> {
  const { platform } = deps.db;
  // Gone or renewed since it was taken up: the next round of tracking sees that too, and until then it is not due.
  if (resource === undefined || resource.expiresAt.getTime() !== tracked.term.getTime()) return false;
  const step = nextStep(source, resource, tracked.done);
  const now = deps.clock.now();
  if (step === null || step.at > now) {
    await sleep(platform, source, tracked, step?.at ?? null);
    return false;
  }
  const outcome = 'stage' in step.kind ? await enter(deps, source, resource, step.kind.stage) : DONE;
  if (outcome.kind !== 'done') {
    await failed(deps, source, tracked, step, outcome);
    return false;
  }
  const stage = 'stage' in step.kind ? source.stages?.[step.kind.stage] : undefined;
  const isMade = await advance(platform, source, tracked, {
    step: step.name,
    holds: resource.holds ?? sql`TRUE`,
    now,
    deliver: stage?.deliver?.(resource, now) ?? [],
    events:
      stage?.hasOwnEvent === true ? [] : [{ id: newId('evt', now.getTime()), ...eventOf(source, resource, step) }],
  });
  if (!isMade) await sleep(platform, source, tracked, new Date(now.getTime() + BUSY_AGAIN_MS));
  return isMade;
}

const DONE: Outcome<JsonObject> = { kind: 'done', result: {} };

async function enter(
  deps: LifecycleDeps,
  source: LifecycleSource,
  resource: Resource,
  name: string,
): Promise<Outcome<JsonObject>> {
  const work = source.stages?.[name]?.enter;
  if (work === undefined) return DONE;
  // An object that is being paid for is not changed; the statement that makes the step checks again.
  if (resource.holds !== undefined) {
    // Raw SQL: the condition is written by the product.
    const rows = await deps.db.platform.$queryRaw<{ holds: boolean }[]>(sql`SELECT (${resource.holds}) AS holds`);
    if (rows[0]?.holds !== true) return { kind: 'pending', supplierRef: '', checkAfterMs: BUSY_AGAIN_MS };
  }
  const signal = AbortSignal.timeout(PURCHASE_TIMES.actLimitMs);
  try {
    return await withAbort(
      work.call(source.stages?.[name], resource, {
        reference: `${resource.id}@${resource.expiresAt.toISOString()}/${name}`,
        now: deps.clock.now(),
        signal,
      }),
      signal,
    );
  } catch (cause) {
    return { kind: 'unknown', cause };
  }
}

/** Tried again at growing intervals. A stage that cannot begin delays all later ones, and operators are notified. */
async function failed(
  deps: LifecycleDeps,
  source: LifecycleSource,
  tracked: Tracked,
  step: Step,
  outcome: Exclude<Outcome<JsonObject>, { kind: 'done' }>,
): Promise<void> {
  const nowMs = deps.clock.nowMs();
  if (outcome.kind === 'pending') {
    await sleep(deps.db.platform, source, tracked, new Date(nowMs + (outcome.checkAfterMs ?? BUSY_AGAIN_MS)));
    return;
  }
  const isStuck = tracked.tries + 1 >= STUCK_AFTER_TRIES;
  const fields = {
    noun: source.noun,
    resource: tracked.resource,
    step: step.name,
    tries: tracked.tries + 1,
    ...(outcome.kind === 'refused' ? { code: outcome.code } : { err: outcome.cause }),
  };
  if (isStuck && tracked.stuckSince === null)
    deps.log.error('a stage cannot be entered; it waits for an operator', { ...fields, alert: true });
  else deps.log.warn('a stage could not be entered; it is tried again', fields);
  await sleep(deps.db.platform, source, tracked, new Date(nowMs + backoffMs(tracked.tries, BACKOFF)), {
    stuckSince: isStuck ? deps.clock.now() : null,
  });
}

function eventOf(source: LifecycleSource, resource: Resource, step: Step): EventDraft {
  const data = { ...resource.data, expires_at: isoSeconds(resource.expiresAt), auto_renew: resource.autoRenew };
  const event = (verb: string, more: object): EventDraft =>
    // Put together from the words of the product; every test's database is compared with the catalogue.
    ({ type: `${source.noun}.${verb}`, subject: resource.id, data: { ...data, ...more } }) as EventDraft;
  if ('stage' in step.kind) return event(step.kind.stage, {});
  const days = step.kind.reminder;
  return event(days === 0 ? 'expired' : 'expiring', { days_left: days });
}
