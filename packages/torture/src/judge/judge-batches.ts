// Every batch a customer knows of, as the two gateways show it after healing.
import { codeOf, unremembered, type GatewayClient, type History, type Send } from '../customers/client';
import type { Answer } from '../customers/answer';
import type { Buyer } from '../system/accounts';
import { askAgain } from './ask-again';
import type { Breach } from './breach';

const RULE = 'a batch has one result for every item, and exact counts';
/** For one look at one batch. */
const LIMIT_MS = 60_000;

export async function judgeBatches(run: { history: History; gateways: GatewayClient }): Promise<Breach[]> {
  const breaches: Breach[] = [];
  for (const [id, { buyer, refs }] of run.history.batches) {
    const look = (query: string, gateway: number) => again(run.gateways, buyer, `/batches/${id}${query}`, gateway);
    const first = await look('', 0);
    const other = await look('', 1);
    const batch = first.json;
    if (first.status !== 200 || batch === null || batch === undefined) {
      const detail = `answered ${first.status ?? first.error} ${codeOf(first) ?? ''}`;
      breaches.push({ rule: RULE, subject: id, detail });
      continue;
    }
    const items = [...(batch.items ?? [])];
    for (let cursor = batch.next_cursor; cursor != null;) {
      const page = await look(`?cursor=${encodeURIComponent(cursor)}`, items.length % 2);
      if (page.status !== 200) break;
      items.push(...(page.json?.items ?? []));
      cursor = page.json?.next_cursor;
    }
    const details = faultsOf(batch, items, refs);
    if (other.status === 200 && JSON.stringify(batch.items) !== JSON.stringify(other.json?.items))
      details.push('the two gateways tell it differently');
    breaches.push(...details.map((detail) => ({ rule: RULE, subject: id, detail })));
  }
  return breaches;
}

function faultsOf(batch: Answer, items: readonly Answer[], refs: readonly string[]): string[] {
  const faults: string[] = [];
  const count = (status: string) => items.filter((item) => item.status === status).length;
  if (batch.finished_at === null || batch.pending !== 0) faults.push(`is ${batch.status}, ${batch.pending} pending`);
  if (batch.total !== refs.length || items.length !== refs.length)
    faults.push(`${refs.length} items sent, total ${batch.total}, ${items.length} results`);
  if (count('ok') !== batch.ok || count('failed') !== batch.failed)
    faults.push(`counts ${batch.ok} ok, ${batch.failed} failed; items ${count('ok')} ok, ${count('failed')} failed`);
  if (items.some(({ ref }, i) => ref !== refs[i]))
    faults.push('its items are not in the order in which they were sent');
  const hasOther = ({ status, error, result }: Answer) =>
    (status === 'failed') !== (error !== undefined) || (status === 'ok') !== (result !== undefined);
  if (items.some(hasOther)) faults.push('an item has neither result nor error, or both');
  const orders = items.flatMap(({ result }) => (result?.order === undefined ? [] : [result.order.id]));
  if (new Set(orders).size !== orders.length) faults.push('two items name one order');
  return faults;
}

function again(gateways: GatewayClient, buyer: Buyer, path: string, gateway: number): Promise<Send> {
  const request = unremembered({ buyer, method: 'GET', path });
  return askAgain(() => gateways.send(request, gateway), performance.now() + LIMIT_MS);
}
