// The exit address of a static proxy that changes by an interval, with addresses that nodes bring.
import type { TestKey } from '@lumi/shared/testing';
import { pushAccess } from '../src/jobs/push-access';
import { rotateByInterval } from '../src/jobs/rotate-by-interval';
import { exitAt, orderOf, ownTest } from './own-service';

const { lumi, clock, access, bring } = ownTest();
const ORDER = orderOf(1, { product_id: 'mobile', rotation: { interval_s: 120 } });
const modemsOf = (subnet: number, count: number): object[] =>
  Array.from({ length: count }, (_, i) => exitAt(`127.70.${String(subnet)}.${String(i + 1)}`, { product: 'mobile' }));

async function bought() {
  const { who, body } = await lumi.buyer(ORDER);
  const [proxy] = body.proxies;
  if (proxy === undefined) throw new Error('nothing was delivered');
  return { who, id: proxy.id, first: proxy.exit_ip };
}

const shown = async (who: TestKey, id: string) =>
  (await lumi.get(who, `/proxies/${id}`)).body as { exit_ip: string; rotation: object };

async function rotations(who: TestKey): Promise<readonly object[]> {
  const { items } = (await lumi.get(who, '/events?limit=100')).body as { items: { type: string; data: object }[] };
  return items.flatMap(({ type, data }) => (type === 'proxy.rotated' ? [data] : []));
}

it('changes once each time, and shows in exit_ip, the events and the access of nodes', async () => {
  await bring(modemsOf(61, 3));
  const { who, id, first } = await bought();
  await pushAccess(lumi.deps());
  clock.advance(119_000);
  await bring(modemsOf(61, 3)); // a node that was not heard of sells nothing
  await rotateByInterval(lumi.deps());
  expect(await shown(who, id)).toMatchObject({ exit_ip: first, rotation: { mode: 'interval', last_at: null } });

  clock.advance(1_000);
  await Promise.all(Array.from({ length: 3 }, () => rotateByInterval(lumi.deps())));
  const { exit_ip: second } = await shown(who, id);
  expect(second).not.toBe(first);
  expect(await rotations(who)).toMatchObject([{ proxy_id: id, old_ip: first, new_ip: second, changed: true }]);
  await pushAccess(lumi.deps());
  expect((await access(0)).rights).toContainEqual(
    expect.objectContaining({ subject: id, exits: { kind: 'fixed', address: second, country: 'DE' } }),
  );

  clock.advance(120_000);
  await bring(modemsOf(61, 3));
  await rotateByInterval(lumi.deps());
  expect(await rotations(who)).toHaveLength(2);
  await lumi.send(who, 'put', `/proxies/${id}/rotation`, { interval_s: null });
  clock.advance(600_000);
  await rotateByInterval(lumi.deps());
  expect(await rotations(who)).toHaveLength(2);
});

it('is tried again a minute after it was refused because there is no other address', async () => {
  await bring(modemsOf(62, 1));
  const { who, id, first } = await bought();
  const tries = async (): Promise<number> =>
    (await lumi.get(who, '/operations?limit=100')).body.items.filter(
      ({ kind, subject }: { kind: string; subject: string }) => kind === 'proxy_rotate' && subject === id,
    ).length;
  clock.advance(120_000);
  for (let round = 0; round < 3; round += 1) await rotateByInterval(lumi.deps());
  expect(await tries()).toBe(1);
  clock.advance(60_000);
  await bring(modemsOf(62, 2));
  await rotateByInterval(lumi.deps());
  expect([await tries(), await rotations(who)]).toMatchObject([2, [{ old_ip: first, new_ip: '127.70.62.2' }]]);
});

it('leaves a proxy alone that is suspended', async () => {
  await bring(modemsOf(63, 2));
  const { who, id } = await bought();
  await lumi.send(await lumi.operator(), 'post', `/admin/proxies/${id}/suspend`, { reason: 'abuse' });
  clock.advance(120_000);
  await bring(modemsOf(63, 2));
  await rotateByInterval(lumi.deps());
  expect(await rotations(who)).toEqual([]);
});
