// Counts what limits decided.
import { counter } from '../monitoring';
import type { LimitResult } from './limit-store';

/** `regular`: of a key; `items`: further tokens for a list; `public`: of an address; `money`: of a key. */
export type LimitName = 'regular' | 'items' | 'public' | 'money';

const decisions = counter('lumi_limit_decisions_total', 'Requests that a rate limit let pass or refused.', [
  'limit',
  'decision',
]);
const failures = counter('lumi_limit_store_failures_total', 'Decisions that the shared store (Redis) did not give.', [
  'limit',
]);

export interface DecisionCounter {
  decided<R extends Pick<LimitResult, 'allowed'>>(result: R): R;
}

export function countDecisions(limit: LimitName): DecisionCounter {
  const [allowed, refused] = [
    decisions.of({ limit, decision: 'allowed' }),
    decisions.of({ limit, decision: 'refused' }),
  ];
  return {
    decided: (result) => {
      (result.allowed ? allowed : refused).add();
      return result;
    },
  };
}

export function noteStoreFailure(limit: LimitName): void {
  failures.of({ limit }).add();
}
