// THE LIST of what the worker does, each loop with how often it looks. A round is bounded; running it twice does no harm.
import { batchParts } from '@lumi/shared/batches';
import type { JobDefinition } from '@lumi/shared/jobs';
import { lifecycleLoops } from '@lumi/shared/lifecycle';
import { recoverOperations } from '@lumi/shared/operations';
import { quoteLoop } from '@lumi/shared/quotes';
import type { Loop } from '@lumi/shared/service';
import { bulkKinds } from '../operations/bulk';
import type { ProxyDeps } from '../proxy';
import { checkHealth } from './check-health';
import { collectUsage } from './collect-usage';
import { proxyLifecycle, trafficLifecycle } from './lifecycle-sources';
import { pushAccess } from './push-access';
import { withdrawEnded } from './withdraw-ended';

const RECOVERY_ROUND = 20;

export function loops(deps: ProxyDeps): readonly Loop[] {
  return [
    ...deps.shared.loops, ...batchParts(deps, bulkKinds(deps)).loops,
    quoteLoop(deps), ...lifecycleLoops(deps, proxyLifecycle(deps)), ...lifecycleLoops(deps, trafficLifecycle(deps)),
    { name: 'operation-recovery', everyMs: 1_000, run: async () => (await recoverOperations(deps.purchases, deps.tasks, deps.product, RECOVERY_ROUND)) === RECOVERY_ROUND },
    { name: 'push-access', everyMs: 500, run: () => pushAccess(deps) },
    { name: 'collect-usage', everyMs: 5_000, run: () => collectUsage(deps) },
    { name: 'check-health', everyMs: 5_000, run: () => checkHealth(deps) },
    { name: 'withdraw-ended', everyMs: 5_000, run: () => withdrawEnded(deps) },
  ];
}

/** What the queue wakes the worker for. */
export function jobs(deps: ProxyDeps): readonly JobDefinition[] {
  return batchParts(deps, bulkKinds(deps)).jobs;
}
