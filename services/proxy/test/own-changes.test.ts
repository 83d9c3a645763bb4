// What happens to addresses of nodes after they were sold.
import { pushAccess } from '../src/jobs/push-access';
import { withdrawEnded } from '../src/jobs/withdraw-ended';
import { exitAt, orderOf, ownTest, subnetOf } from './own-service';

const { lumi, clock, access, bring, stock } = ownTest();
const rowOf = (id: string) => lumi.deps().db.proxy.findUniqueOrThrow({ where: { id } });

describe('a replacement', () => {
  it('brings another address, never the same, and none when there is no other', async () => {
    await bring([...subnetOf(31, 2), ...subnetOf(32, 1)]);
    const { who, body } = await lumi.buyer(orderOf(1));
    const [old] = body.proxies;
    const wish = { select: { proxy_ids: [old?.id] }, with: { different_subnet: true } };
    const dry = await lumi.pay(who, '/proxies/replace?dry_run=true', wish);
    expect([dry.status, await stock()]).toMatchObject([200, { '127.70.31.2': 'free', '127.70.32.1': 'free' }]);
    const replaced = await lumi.pay(who, '/proxies/replace', wish);
    const pair = replaced.body.replacement.pairs[0];
    expect([pair.old_exit_ip, pair.new_exit_ip]).toEqual(['127.70.31.1', '127.70.32.1']);
    await withdrawEnded(lumi.deps());
    await bring([...subnetOf(31, 1), ...subnetOf(32, 1)]); // the other one is gone, and the first one rests
    const again = await lumi.pay(who, '/proxies/replace', { select: { proxy_ids: [pair.new_proxy_id] } });
    expect(again.body.error).toMatchObject({ code: 'out_of_stock' });
    expect(await rowOf(pair.new_proxy_id)).toMatchObject({ state: 'active', exit_ip: '127.70.32.1' });
  });
});

describe('a rotation', () => {
  it('takes another address of the same node, and its node gets it', async () => {
    await bring([1, 2].map((i) => exitAt(`127.70.41.${String(i)}`, { product: 'mobile' })));
    const { who, body } = await lumi.buyer({ ...orderOf(1), product_id: 'mobile' });
    const id = body.proxies[0]?.id ?? '';
    await pushAccess(lumi.deps());
    const rotated = await lumi.send(who, 'post', `/proxies/${id}/rotate`, {});
    expect(rotated.body).toMatchObject({ old_ip: '127.70.41.1', new_ip: '127.70.41.2', changed: true });
    await pushAccess(lumi.deps());
    expect((await access(0)).rights).toContainEqual(
      expect.objectContaining({ subject: id, exits: { kind: 'fixed', address: '127.70.41.2', country: 'DE' } }),
    );
    expect(await stock()).toMatchObject({ '127.70.41.1': 'resting', '127.70.41.2': 'sold' });
    clock.advance(61_000);
    await bring([1, 2].map((i) => exitAt(`127.70.41.${String(i)}`, { product: 'mobile' })));
    const none = await lumi.send(who, 'post', `/proxies/${id}/rotate`, {});
    expect(none.body.error).toMatchObject({ code: 'out_of_stock' });
  });
});

describe('an IPv6 block', () => {
  it('is one proxy’s, which leaves by one of its addresses', async () => {
    await bring([exitAt('2001:db8:10::/64', { product: 'ipv6' })]);
    const wish = { ...orderOf(1), product_id: 'ipv6' };
    const { body } = await lumi.buyer(wish);
    expect(body.proxies[0]?.exit_ip).toMatch(/^2001:db8:10:0?:/);
    expect(await rowOf(body.proxies[0]?.id ?? '')).toMatchObject({ subnet: '2001:db8:10::/64' });
    const who = await lumi.account({ balance: '100' });
    expect((await lumi.pay(who, '/orders', wish)).body.error).toMatchObject({ code: 'out_of_stock' });
  });
});

describe('a file of a node that no longer has a sold address', () => {
  it('leaves it to its buyer, who finds it missing, cannot renew it and can replace it', async () => {
    await bring(subnetOf(51, 2));
    const { who, body } = await lumi.buyer(orderOf(1));
    await pushAccess(lumi.deps());
    const [sold] = body.proxies;
    await bring(subnetOf(51, 2).slice(1));
    expect(await stock()).toMatchObject({ '127.70.51.1': 'sold', '127.70.51.2': 'free' });
    const renewed = await lumi.pay(who, '/proxies/renew', {
      items: [{ proxy_id: sold?.id, period_days: 30, current_expires_at: sold?.expires_at }],
    });
    expect(renewed.body.items).toMatchObject([{ error: { code: 'state_conflict' } }]);
    expect((await rowOf(sold?.id ?? '')).missing_since).not.toBeNull();
    const replaced = await lumi.pay(who, '/proxies/replace', { select: { proxy_ids: [sold?.id] } });
    expect(replaced.body.replacement.pairs).toMatchObject([{ new_exit_ip: '127.70.51.2' }]);
    await withdrawEnded(lumi.deps());
    expect(await stock()).toMatchObject({ '127.70.51.1': 'withdrawn' });
    await bring(subnetOf(51, 2));
    expect(await stock()).toMatchObject({ '127.70.51.1': 'resting' });
  });
});
