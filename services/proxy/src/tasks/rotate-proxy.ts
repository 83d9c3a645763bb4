// Changes the exit address of a proxy, free of charge. The statement that starts it takes the cooldown, so of two
// callers at once only one rotates.
import { fromStep, rider, sql, type Sql } from '@lumi/shared/db';
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
  /** Its time had come; nobody asked for it. */
  readonly by_interval?: true;
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
    // An interval is tried again when the cooldown is over.
    undo: ({ item, subject }) =>
      item.by_interval === true
        ? []
        : [rider`UPDATE proxy.proxy p SET cooldown_until = NULL ${fromStep('finished')} AND p.id = ${subject}`],
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

/** Takes the cooldown, if it is free. `also`: a further condition of the row `p`. */
export function takeCooldown(
  proxyId: string,
  now: Date,
  { cooldownS, also = sql`true` }: { readonly cooldownS: number; readonly also?: Sql },
): Sql {
  return sql`
    UPDATE proxy.proxy p SET cooldown_until = ${new Date(now.getTime() + cooldownS * 1000)}
    WHERE p.id = ${proxyId} AND p.state = 'active' AND (p.cooldown_until IS NULL OR p.cooldown_until <= ${now})
      AND ${also} RETURNING p.id AS subject`;
}
