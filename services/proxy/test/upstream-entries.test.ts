// Entries for what a supplier delivers: held before its first byte leaves, so that no order is paid there and then
// cannot be delivered.
import { until } from '@lumi/shared/testing';
import { careForNodes } from '../src/jobs/care-for-nodes';
import { owner } from './proxy-service';
import { UPSTREAM_ORDER, upstreamTest } from './upstream-service';

const { lumi, clock, double, carry } = upstreamTest({ US: 20 });
const STUCK_AFTER_MS = 600_000;

const portsOf = async (like: string) =>
  (await lumi.deps().db.entryPort.findMany({ where: { network_id: { startsWith: like } } })).map(({ port }) => port);
const held = (orderId: string): Promise<number[]> => portsOf(`ups-held-${orderId}-`);

/** Others have all ports that are free. */
const takeTheRest = () =>
  owner(lumi, `UPDATE proxy.entry_port SET network_id = 'others-' || port, freed_at = NULL WHERE network_id IS NULL`);
afterEach(() =>
  owner(lumi, `UPDATE proxy.entry_port SET network_id = NULL, freed_at = '-infinity' WHERE network_id ^@ 'others-'`),
);

async function lostOrder(fault: 'cut-before' | 'cut-after') {
  const who = await lumi.account({ balance: '100' });
  double().faults.next('purchase', fault);
  expect((await lumi.pay(who, '/orders', UPSTREAM_ORDER)).status).toBe(202);
  const [{ id, operation_id: operation }] = (await lumi.get(who, '/orders')).body.items;
  return { who, id: String(id), operation: String(operation) };
}

it('are held for an order whose answer was lost, which is delivered though no other port is free', async () => {
  const { who, id } = await lostOrder('cut-after');
  const ports = await held(id);
  expect(ports).toHaveLength(2);
  await takeTheRest();

  const asked = double().asked('purchase');
  const other = await lumi.account({ balance: '100' });
  const refused = await lumi.pay(other, '/orders', UPSTREAM_ORDER);
  expect([refused.status, refused.body.error.code]).toEqual([409, 'out_of_stock']);
  expect([double().asked('purchase'), (await lumi.get(other, '/balance')).body.available_usd]).toEqual([
    asked,
    '100.00',
  ]);

  await until(async () => {
    await lumi.recover();
    return (await lumi.get(who, `/orders/${id}`)).body.state === 'completed';
  });
  const { items } = (await lumi.get(who, `/proxies?order_id=${id}`)).body as { items: { id: string; port: number }[] };
  expect(items.map(({ port }) => port).sort()).toEqual(ports.sort());
  expect(await held(id)).toEqual([]);
  expect((await carry(who, items[0]?.id ?? '', 100)).bytes).toBeGreaterThan(100);
});

it('are free again when less is delivered, or nothing', async () => {
  const who = await lumi.account({ balance: '100' });
  double().faults.next('purchase', 'one-less');
  expect((await lumi.pay(who, '/orders', { ...UPSTREAM_ORDER, partial: 'accept' })).status).toBe(201);
  double().faults.next('purchase', 'refused');
  expect((await lumi.pay(who, '/orders', UPSTREAM_ORDER)).status).toBeGreaterThan(400);
  expect(await portsOf('ups-held-')).toEqual([]);
});

it('are free again when an operator has ended the order', async () => {
  const { who, id, operation } = await lostOrder('cut-before');
  await careForNodes(lumi.deps());
  expect(await held(id)).toHaveLength(2);
  clock.advance(STUCK_AFTER_MS + 1_000);
  await lumi.recover(3);
  const path = `/admin/operations/${operation}/fail-and-refund`;
  const decided = await lumi.send(await lumi.operator(), 'post', path, { reason: 'the supplier knows nothing of it' });
  expect(decided.status).toBe(200);
  await careForNodes(lumi.deps());
  expect(await held(id)).toEqual([]);
  expect((await lumi.get(who, '/balance')).body.available_usd).toBe('100.00');
});

it('are held for a replacement too', async () => {
  const { who, body } = await lumi.buyer(UPSTREAM_ORDER);
  double().faults.next('replace', 'cut-after');
  const select = { select: { proxy_ids: [body.proxies[0]?.id ?? ''] } };
  expect((await lumi.pay(who, '/proxies/replace', select)).status).toBe(202);
  expect(await portsOf('ups-held-')).toHaveLength(1);
  await takeTheRest();
  await until(async () => {
    await lumi.recover();
    return (await portsOf('ups-held-')).length === 0;
  });
  const { items } = (await lumi.get(who, '/replacements')).body;
  expect(items).toMatchObject([{ state: 'completed', removed: [body.proxies[0]?.id] }]);
});
