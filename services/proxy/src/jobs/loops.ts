// THE LIST of what the worker does, each with how often it looks. A round is bounded; running it twice does no harm.
import { depositLoop } from '@lumi/shared/deposits';
import { recoverOrders } from '@lumi/shared/purchase';
import type { Loop } from '@lumi/shared/service';
import type { ProxyDeps } from '../wiring';

const RECOVER_ROUND = 20;

export function loops(deps: ProxyDeps): readonly Loop[] {
  return [
    {
      name: 'recover-orders', everyMs: 500,
      run: async () => (await recoverOrders(deps.purchases, deps.things, deps.product, RECOVER_ROUND)).taken === RECOVER_ROUND,
    },
    depositLoop(deps.deposits),
  ];
}
