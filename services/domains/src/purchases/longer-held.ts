// What renewal and restoration have in common: an order on a domain that its account has, which lengthens its time at
// the registry.
import { fromStep, rider, type Sql } from '@lumi/shared/db';
import { viewOrder, type JsonObject, type Order, type ThingSold } from '@lumi/shared/purchase';
import { isoSeconds } from '@lumi/shared/runtime';
import type { DomainsDeps } from '../deps';
import { aboutOrder, withDomainTruth } from '../portfolio/sync-domain';
import type { NameInfo, PaidCommand } from '../supplier/registrar';

export interface HeldItem extends JsonObject {
  readonly domain: string;
  readonly registrar: string;
}

interface Lengthening<I extends HeldItem> {
  readonly event: 'domain.renewed' | 'domain.restored';
  commandOf(order: Order<I>): PaidCommand;
  /** What is taken from the registry's answer into the row. */
  columns(order: Order<I>, info: NameInfo): Sql;
}

type CommonPart<I extends HeldItem> = Pick<ThingSold<I, NameInfo>, 'act' | 'lookUp' | 'deliver' | 'answer' | 'events'>;

export function longerHeld<I extends HeldItem>(
  deps: DomainsDeps,
  { event, commandOf, columns }: Lengthening<I>,
): CommonPart<I> {
  const registrarOf = ({ item }: Order<I>) => deps.registrars.get(item.registrar);
  const told = ({ item }: Order<I>, info: NameInfo) => ({
    domain: item.domain,
    expires_at: isoSeconds(new Date(info.expires_at)),
  });
  return {
    act: async (order, signal) =>
      withDomainTruth(deps, aboutOrder(order), await registrarOf(order).execute(commandOf(order), signal)),
    lookUp: async (order, signal) =>
      withDomainTruth(deps, aboutOrder(order), await registrarOf(order).lookUp(commandOf(order), signal)),
    deliver: (order, info) => [
      rider`
      UPDATE domains.domain d SET ${columns(order, info)},
        updated_at = ${order.settledAt ?? order.createdAt}::timestamptz
      ${fromStep('settled')} AND d.name = ${order.item.domain} AND d.account_id = ${order.accountId}
        AND d.ended_at IS NULL`,
    ],
    answer: (order, info) => ({ status: 200, body: { ...told(order, info), order: viewOrder(order) } }),
    events: (order, info) => [
      { type: event, subject: order.item.domain, data: { ...told(order, info), order_id: order.id } },
    ],
  };
}
