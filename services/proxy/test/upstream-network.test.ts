// What was bought from a supplier: replaced, moved by the supplier itself, checked, renewed and given back.
import { until } from '@lumi/shared/testing';
import { careForNodes } from '../src/jobs/care-for-nodes';
import { followExits } from '../src/jobs/follow-exits';
import { pushAccess } from '../src/jobs/push-access';
import { withdrawEnded } from '../src/jobs/withdraw-ended';
import { owner } from './proxy-service';
import { UPSTREAM_ORDER, upstreamTest } from './upstream-service';

const { lumi, clock, double, node, carry } = upstreamTest({ US: 12, DE: 2 });

async function bought(order: object = UPSTREAM_ORDER) {
  const { who, body } = await lumi.buyer(order);
  const [first, second] = body.proxies;
  if (first === undefined) throw new Error('nothing was delivered');
  return { who, body, first, second };
}

const planOf = (orderId: string) => double().stock.plans.find(({ note }) => note === orderId);
const rowOf = (id: string) => lumi.deps().db.proxy.findUniqueOrThrow({ where: { id } });
/** As the supplier says. A check of a customer goes through the entry. */
const healthOf = async (id: string) =>
  lumi
    .deps()
    .networks.get('upstream')
    .health([(await rowOf(id)).network_id], AbortSignal.timeout(8_000));

/** Gives back all that a test has bought, so that the stock is there for the next one. */
afterEach(async () => {
  await owner(lumi, `UPDATE proxy.proxy SET state = 'ended' WHERE state = 'active'`);
  await withdrawEnded(lumi.deps());
  expect(double().stock.plans.filter(({ status }) => status === 'active')).toEqual([]);
});

describe('what the supplier sells', () => {
  it('is shown with its stock, by country', async () => {
    const who = await lumi.account({ balance: '1' });
    const { body } = await lumi.get(who, '/products/isp/locations');
    expect(body.items).toMatchObject([
      { level: 'country', code: 'DE', name: 'Germany', stock: 2 },
      { level: 'country', code: 'US', name: 'United States', stock: 12 },
    ]);
  });

  it('has entries of our node and exits of the supplier, and its access goes to nodes', async () => {
    const { who, body, first } = await bought();
    const proxy = (await lumi.get(who, `/proxies/${first.id}`)).body;
    expect(proxy).toMatchObject({ host: '127.0.0.1', exit_ip: planOf(body.order.id)?.proxies[0]?.address });
    const { network_id: networkId } = await rowOf(first.id);
    expect(await lumi.deps().db.entryPort.findUnique({ where: { port: proxy.port } })).toMatchObject({
      network_id: networkId,
    });
    await pushAccess(lumi.deps());
    expect(await lumi.deps().db.accessChange.findUnique({ where: { subject: first.id } })).toMatchObject({
      network: 'upstream',
    });
    expect((await lumi.send(who, 'post', `/proxies/${first.id}/allowlist/sync`, {})).status).toBe(200);
  });

  it.each([
    ['a city', { ...UPSTREAM_ORDER, items: [{ country: 'US', quantity: 1, region: 'dallas' }] }, 'not_available'],
    ['different subnets', { ...UPSTREAM_ORDER, subnet_diversity: true }, 'not_available'],
    ['more than there is', { ...UPSTREAM_ORDER, items: [{ country: 'DE', quantity: 3 }] }, 'out_of_stock'],
  ])('is refused before anything is sent: %s', async (_, order, code) => {
    const who = await lumi.account({ balance: '100' });
    const before = double().asked('purchase');
    expect((await lumi.pay(who, '/orders', order)).body.error).toMatchObject({ code });
    expect(double().asked('purchase')).toBe(before);
    expect((await lumi.get(who, '/balance')).body).toMatchObject({ available_usd: '100.00', held_usd: '0.00' });
  });
});

describe('a replacement', () => {
  it('brings one new address for each old one, in its country', async () => {
    const { who, body, first, second } = await bought();
    const select = { proxy_ids: body.proxies.map(({ id }) => id) };
    const replaced = await lumi.pay(who, '/proxies/replace', { select, with: { country: 'DE' } });
    expect(replaced.status).toBe(201);
    const { pairs } = replaced.body.replacement;
    expect(pairs.map((pair: { old_exit_ip: string }) => pair.old_exit_ip)).toEqual([first.exit_ip, second?.exit_ip]);
    const fresh = pairs.map((pair: { new_exit_ip: string }) => pair.new_exit_ip);
    expect(
      planOf(body.order.id)
        ?.proxies.map(({ address }) => address)
        .sort(),
    ).toEqual([...fresh].sort());
    expect(await rowOf(pairs[0].new_proxy_id)).toMatchObject({ network: 'upstream', country: 'DE' });
  });

  it.each([
    ['cut-after', 1],
    ['hang-after', 1],
    ['wrong-json-after', 1],
    ['throttled', 2],
  ] as const)('whose answer is %s is found by its note, or sent again when nothing was done', async (fault, sends) => {
    const { who, body, first } = await bought();
    const before = double().asked('replace');
    double().faults.next('replace', fault);
    const accepted = await lumi.pay(who, '/proxies/replace', { select: { proxy_ids: [first.id] } });
    expect(accepted.status).toBe(202);
    const id = String(accepted.body.order.id);
    for (let round = 0; round < 300 && (await stateOf(id)) === 'acting'; round += 1) await lumi.recover();
    expect(await stateOf(id)).toBe('captured');
    expect(double().asked('replace') - before).toBe(sends);
    expect(planOf(body.order.id)?.proxies).toHaveLength(2);
    expect(await rowOf(first.id)).toMatchObject({ state: 'replaced' });
  });

  it('is refused without stock by the dry run, and nothing changes', async () => {
    const { who, first } = await bought();
    const before = double().asked('replace');
    const stock = jest.spyOn(lumi.deps().networks.get('upstream'), 'locations').mockResolvedValueOnce([
      { level: 'country', code: 'FR', country: 'FR', name: 'France', stock: 9, surcharge: 0n }, // gone a moment later
    ]);
    const refused = await lumi.pay(who, '/proxies/replace', {
      select: { proxy_ids: [first.id] },
      with: { country: 'FR' },
    });
    stock.mockRestore();
    expect(refused.body.error).toMatchObject({ code: 'out_of_stock' });
    expect(double().asked('replace')).toBe(before);
    expect(await rowOf(first.id)).toMatchObject({ state: 'active' });
  });
});

describe('an address that the supplier changed by itself', () => {
  it('is found when its health is asked for and by a sync, and shows in exit_ip', async () => {
    const { who, first } = await bought();
    await double().stock.changeByItself(first.exit_ip);
    const moved = await double().stock.changeByItself(double().stock.replaced.at(-1)?.to.address ?? '');
    expect(await healthOf(first.id)).toMatchObject([{ isHealthy: true, exitCountry: 'US' }]);
    const synced = await lumi.send(who, 'post', `/proxies/${first.id}/sync`, {});
    expect(synced.body).toMatchObject({ exit_ip: moved });
  });

  it('is checked by what the supplier says, because no supplier reaches the target inside a node', async () => {
    const { who, body, first } = await bought();
    const check = async (more: object = {}) =>
      (await lumi.send(who, 'post', '/proxies/check', { proxy_ids: [first.id], ...more })).body.items;
    expect(await check()).toMatchObject([{ ok: true, exit_country: 'US', seen_ip: null }]);
    const sold = planOf(body.order.id)?.proxies.find(({ address }) => address === first.exit_ip);
    if (sold === undefined) throw new Error('it was not sold');
    sold.isValid = false;
    expect(await check()).toMatchObject([{ ok: false, message: 'The network says that it does not work.' }]);
  });

  it('is missing when nothing came in its place', async () => {
    const { who, body, first } = await bought();
    const plan = planOf(body.order.id);
    if (plan === undefined) throw new Error('there is no plan');
    plan.proxies = plan.proxies.filter(({ address }) => address !== first.exit_ip);
    expect(await healthOf(first.id)).toMatchObject([{ isHealthy: false, exitCountry: null }]);
    const synced = await lumi.send(who, 'post', `/proxies/${first.id}/sync`, {});
    expect(synced.body.missing_since).not.toBeNull();
  });
});

describe('an address that changes while it is in use', () => {
  it('shows in the proxy and in the feed, once, and the node goes on with the new one', async () => {
    const { who, first } = await bought();
    expect(await carry(who, first.id, 100)).toMatchObject({ from: first.exit_ip });
    const moved = await double().stock.changeByItself(first.exit_ip);
    clock.advance(61_000);
    await followExits(lumi.deps());
    await followExits(lumi.deps());
    const now = (await lumi.get(who, `/proxies/${first.id}`)).body;
    expect(now.exit_ip).toBe(moved);
    expect((await rowOf(first.id)).rotated_at).toEqual(clock.now());
    const { items } = (await lumi.get(who, '/events')).body;
    expect(items.filter(({ type }: { type: string }) => type === 'proxy.rotated')).toMatchObject([
      { subject: first.id, data: { old_ip: first.exit_ip, new_ip: moved, subnet: now.subnet, changed: true } },
    ]);
    expect(await carry(who, first.id, 100)).toMatchObject({ from: moved });
  });

  it('is asked about again after a minute, and one plan that cannot be read does not hold up others', async () => {
    const [one, other] = [await bought(), await bought()];
    const moved = [
      await double().stock.changeByItself(one.first.exit_ip),
      await double().stock.changeByItself(other.first.exit_ip),
    ];
    await followExits(lumi.deps()); // too soon
    expect((await rowOf(one.first.id)).exit_ip).toBe(one.first.exit_ip);
    clock.advance(61_000);
    double().faults.next('read', 'error-before');
    await expect(followExits(lumi.deps())).rejects.toThrow('does not answer');
    clock.advance(61_000);
    await followExits(lumi.deps());
    const rows = [await rowOf(one.first.id), await rowOf(other.first.id)];
    expect(rows.map((row) => row.exit_ip)).toEqual(moved);
  });

  it('is dialled with the login that it has by now', async () => {
    const { who, body, first } = await bought();
    await carry(who, first.id, 100); // its node has the first one
    const sold = planOf(body.order.id)?.proxies.find(({ address }) => address === first.exit_ip);
    if (sold === undefined) throw new Error('it was not sold');
    Object.assign(sold, { password: 'another-password' });
    clock.advance(61_000);
    await followExits(lumi.deps());
    await until(async () => {
      await pushAccess(lumi.deps());
      return node().control.rights.get(first.id)?.upstream?.password === 'another-password';
    });
    expect(await carry(who, first.id, 100)).toMatchObject({ from: first.exit_ip });
  });
});

it('a proxy whose port no node has any more gets another one', async () => {
  const { who, first } = await bought();
  const { network_id: networkId, port } = await rowOf(first.id);
  await owner(lumi, 'UPDATE proxy.entry_port SET network_id = NULL, freed_at = $2 WHERE network_id = $1', [
    networkId,
    clock.now(),
  ]);
  await careForNodes(lumi.deps());
  expect((await rowOf(first.id)).port).not.toBe(port);
  expect(await carry(who, first.id, 100)).toMatchObject({ from: first.exit_ip });
});

it('the logins of the supplier’s proxies are sealed, and no answer or row of ours has them', async () => {
  const { who, body, first } = await bought();
  const [sold] = planOf(body.order.id)?.proxies ?? [];
  const tables = ['upstream_exit', 'upstream_command', 'proxy', 'access_change'].map((name) => `proxy.${name}`);
  for (const table of [...tables, 'platform.orders']) {
    const { rows } = await lumi.service.db.pool.query<{ row: string }>(`SELECT t::text AS row FROM ${table} t`);
    expect([table, rows.some(({ row }) => row.includes(sold?.password ?? ''))]).toEqual([table, false]);
  }
  for (const path of [`/proxies/${first.id}?reveal=1`, `/orders/${body.order.id}`, `/proxies/${first.id}/diagnose`])
    expect((await lumi.get(who, path)).text).not.toContain(sold?.password);
});

describe('time', () => {
  it('renews what goes on at the supplier, and refuses what it has cancelled', async () => {
    const { who, body } = await bought();
    const renew = (expires: string) =>
      lumi.pay(who, `/orders/${body.order.id}/renew`, { period_days: 30, current_expires_at: expires });
    const renewed = await renew(body.proxies[0]?.expires_at ?? '');
    expect(renewed.status).toBe(200);
    const plan = planOf(body.order.id);
    if (plan === undefined) throw new Error('there is no plan');
    await double().stock.cancel(plan);
    expect((await renew(renewed.body.proxies[0].expires_at)).body.error).toMatchObject({ code: 'state_conflict' });
  });

  it('cancels the plan when the last of its proxies has ended, also when the supplier was away', async () => {
    const { body, first } = await bought();
    await owner(lumi, `UPDATE proxy.proxy SET state = 'ended' WHERE id = $1`, [first.id]);
    await withdrawEnded(lumi.deps());
    expect(planOf(body.order.id)?.status).toBe('active');
    await owner(lumi, `UPDATE proxy.proxy SET state = 'ended' WHERE order_id = $1`, [body.order.id]);
    double().faults.next('cancel', 'error-before');
    await expect(withdrawEnded(lumi.deps())).rejects.toThrow('does not answer');
    expect(planOf(body.order.id)?.status).toBe('active');
    await withdrawEnded(lumi.deps());
    expect(planOf(body.order.id)?.status).toBe('cancelled');
  });
});

async function stateOf(id: string): Promise<string> {
  const { rows } = await lumi.service.db.pool.query<{ state: string }>(
    'SELECT state FROM platform.orders WHERE id = $1',
    [id],
  );
  return rows[0]?.state ?? '';
}
