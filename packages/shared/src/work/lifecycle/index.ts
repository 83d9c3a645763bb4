// The lifecycle of objects as time passes, and automatic renewals. See README.md.
import { sql } from '../../base/db';
import type { Loop, Service } from '../../house-keeping/process';
import { autoRenewRound } from './auto-renew';
import type { LifecycleSource } from './source';
import { stepRound, trackRound } from './steps';

export { ability, abilitySchema, type Ability } from './ability';
export { autoRenewEndpoints } from './auto-renew-endpoints';
export { AUTO_RENEW_TAG } from './auto-renew-settings-view';
export { currentExpiryField, expiryMismatch } from './expiry';
export { autoRenewDue } from './lifecycle-store';
export { LIFECYCLE_RULES } from './lifecycle-audit';
export {
  noOpenOrder,
  REMINDER_DAYS,
  type LifecycleSource,
  type Resource,
  type Stage,
  type StageCall,
  type StageTime,
} from './source';
export { autoRenewRound, stepRound, trackRound };

const TRACK_EVERY_MS = 30_000;
const STEP_EVERY_MS = 2_000;
const RENEW_EVERY_MS = 5_000;

/** For the worker. No automatic renewal is made while money operations are switched off. */
export function lifecycleLoops(service: Pick<Service, 'purchases' | 'config'>, source: LifecycleSource): Loop[] {
  const deps = service.purchases;
  return [
    { name: `${source.noun}-lifecycle-track`, everyMs: TRACK_EVERY_MS, run: () => trackRound(deps, source) },
    {
      name: `${source.noun}-lifecycle`,
      everyMs: STEP_EVERY_MS,
      due: () => sql`EXISTS (SELECT 1 FROM platform.lifecycle
        WHERE product = ${source.product} AND noun = ${source.noun} AND wake_at <= ${deps.clock.now()})`,
      run: () => stepRound(deps, source),
    },
    ...(service.config.API_MONEY_ENABLED && source.renewals !== undefined
      ? [
          {
            name: `${source.noun}-auto-renew`,
            everyMs: RENEW_EVERY_MS,
            due: () => sql`EXISTS (SELECT 1 FROM platform.lifecycle
              WHERE product = ${source.product} AND noun = ${source.noun} AND renew_at <= ${deps.clock.now()})`,
            run: () => autoRenewRound(deps, source),
          },
        ]
      : []),
  ];
}
