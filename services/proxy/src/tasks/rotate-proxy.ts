// Changes the exit address of a proxy, free of charge. The statement that starts it takes the cooldown, so of two
// callers at once only one rotates.
import { fromStep, rider, sql } from '@lumi/shared/db';
import { operationKind, type AnyOperationKind, type Operation } from '@lumi/shared/operations';
import { exitColumns } from '../store/proxy-row';
import type { AtNetwork } from '../supplier/networks';
import type { Rotated } from '../supplier/proxy-network';
import type { ProxyDeps } from '../deps';
import { withProxyTruth, type ProxiesAbout } from '../sync/sync-proxy';

export interface RotateItem extends AtNetwork {
  readonly [key: string]: unknown;
  readonly network_id: string;
  readonly note: string | null;
}

export function rotateProxyKind(deps: ProxyDeps): AnyOperationKind {
  return operationKind<RotateItem, Rotated>({
    kind: 'proxy_rotate',
    act: async (operation, signal) =>
      withProxyTruth(
        deps,
        aboutOf(operation),
        await deps.networks
          .at(operation.item)
          .rotate(operation.id, { networkId: operation.item.network_id, note: operation.item.note }, signal),
      ),
    lookUp: async (operation, signal) =>
      withProxyTruth(
        deps,
        aboutOf(operation),
        await deps.networks.at(operation.item).lookUp<Rotated>(operation.id, signal),
      ),
    deliver: (operation, result) => [
      rider`
      UPDATE proxy.proxy p SET ${exitColumns(result.exit)}, rotated_at = ${deps.service.clock.now()},
        access_version = p.access_version + 1, updated_at = ${deps.service.clock.now()}
        ${fromStep('finished')} AND p.id = ${operation.subject}`,
    ],
    undo: (operation) => [
      rider`UPDATE proxy.proxy p SET cooldown_until = NULL ${fromStep('finished')} AND p.id = ${operation.subject}`,
    ],
    events: (operation, result) => [
      {
        type: 'proxy.rotated',
        subject: operation.subject,
        data: {
          proxy_id: operation.subject,
          old_ip: result.oldIp,
          new_ip: result.exit.exitIp,
          subnet: result.exit.subnet,
          changed: result.oldIp !== result.exit.exitIp,
        },
      },
    ],
  });
}

function aboutOf(operation: Operation<RotateItem>): ProxiesAbout {
  return { accountId: operation.accountId, orderId: null, proxyIds: [operation.subject] };
}

/** Takes the cooldown, if it is free. */
export function takeCooldown(proxyId: string, now: Date, cooldownS: number) {
  return sql`
    UPDATE proxy.proxy SET cooldown_until = ${new Date(now.getTime() + cooldownS * 1000)}
    WHERE id = ${proxyId} AND state = 'active' AND (cooldown_until IS NULL OR cooldown_until <= ${now})
      RETURNING id AS subject`;
}
