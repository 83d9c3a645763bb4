// The steps of one term in their order: reminders before the expiry, stages after it. Pure arithmetic; steps that are
// done are stored by name.
import { DAY_MS } from '../../ground/times';
import { REMINDER_DAYS, type LifecycleSource, type Resource } from './source';

export interface Step {
  /** Stored; never changed. */
  readonly name: string;
  readonly at: Date;
  readonly kind: { readonly reminder: number } | { readonly stage: string };
}

export function timeline(source: Pick<LifecycleSource, 'reminderDays'>, resource: Resource): readonly Step[] {
  // No reminder comes in the first half of a term, because the owner has just paid.
  const tellFrom = (resource.startedAt.getTime() + resource.expiresAt.getTime()) / 2;
  const reminders = (source.reminderDays ?? REMINDER_DAYS)
    .map((days): Step => ({
      name: `reminder:${String(days)}`,
      at: new Date(resource.expiresAt.getTime() - days * DAY_MS),
      kind: { reminder: days },
    }))
    .filter(({ at }) => at.getTime() >= tellFrom && at > resource.startedAt);
  const stages = resource.stages.map(({ name, at }): Step => ({ name: `stage:${name}`, at, kind: { stage: name } }));
  // At the same moment the reminder comes first; the sort keeps the order of equal times.
  return [...reminders, ...stages].sort((a, b) => a.at.getTime() - b.at.getTime());
}

/** The first step that was not made; null after the last. */
export function nextStep(
  source: Pick<LifecycleSource, 'reminderDays'>,
  resource: Resource,
  done: readonly string[],
): Step | null {
  return timeline(source, resource).find(({ name }) => !done.includes(name)) ?? null;
}

/** How far ahead objects are read: a day before the first reminder, and far enough for a forecast of 30 days. */
export function horizonOf(source: Pick<LifecycleSource, 'reminderDays'>, now: Date): Date {
  return new Date(now.getTime() + (Math.max(30, ...(source.reminderDays ?? REMINDER_DAYS)) + 1) * DAY_MS);
}
