// Automatic renewals: when they are due, what they may cost, and what happens when they fail.
import request from 'supertest';
import { newId } from '../../ground/contract';
import { sql } from '../../base/db';
import { formatUsd, parseUsd } from '../../ground/money';
import { revokeKey } from '../../base/keys';
import { isoSeconds } from '../../ground/runtime';
import { autoRenewDue, autoRenewRound, trackRound } from './index';
import {
  account,
  plant,
  pass,
  balance,
  clock,
  DAY,
  deps,
  source,
  expiryOf,
  eventsOf,
  service,
  work,
  db,
  owner,
  app,
  as,
  supplier,
} from './test/plants';

describe('auto-renew', () => {
  it('renews once before the expiry, with any number of workers and tries', async () => {
    const who = await account();
    const id = await plant(who, 10, { autoRenew: true });
    await pass(6);
    expect((await balance(who.accountId)).posted).toBe(parseUsd('100'));
    clock.advance(2 * DAY);
    await trackRound(deps, source);
    await Promise.all(Array.from({ length: 4 }, () => autoRenewRound(deps, source)));
    await pass(1);
    expect((await balance(who.accountId)).posted).toBe(parseUsd('90'));
    expect(await expiryOf(id)).toBe(isoSeconds(new Date(clock.nowMs() + DAY + 365 * DAY)));
    expect(await eventsOf(id)).toEqual(['plant.expiring 30', 'plant.expiring 7', 'plant.renewed']);
  });

  it('does not renew what its owner renewed after it was found due and before its offer was made', async () => {
    const who = await account();
    const id = await plant(who, 2, { autoRenew: true });
    await trackRound(deps, source);
    await autoRenewRound(deps, {
      ...source,
      renewals: async (accountId, resources) => {
        await owner.query("UPDATE garden.plant SET expires_at = expires_at + interval '1 year' WHERE id = $1", [id]);
        const found = await source.read(resources.map((resource) => resource.id));
        return (await source.renewals?.(accountId, found)) ?? [];
      },
    });
    const renewedByOwner = await expiryOf(id);
    await work();
    expect((await balance(who.accountId)).posted).toBe(parseUsd('100'));
    expect(await expiryOf(id)).toBe(renewedByOwner);
    expect(await eventsOf(id)).not.toContain('plant.auto_renew_failed');
    expect(await eventsOf(id)).not.toContain('plant.renewed');
  });

  it('continues when the key that switched it on is revoked, and counts towards no key’s cap', async () => {
    const who = await account({ cap: '1' });
    const id = await plant(who, 2, { autoRenew: true });
    await revokeKey(service.admin.pool, who.keyId);
    await work();
    expect(await eventsOf(id)).toContain('plant.renewed');
    expect(
      (
        await db.$queryRaw<{ lineage_id: string }[]>(sql`SELECT lineage_id FROM platform.orders WHERE subject = ${id}`)
      )[0]?.lineage_id,
    ).toBe(`auto:domains:${who.accountId}`);
  });

  it('gives the reason once when it fails, tries again, and succeeds in grace after a top-up', async () => {
    const who = await account({ balance: '3' });
    const id = await plant(who, 2, { autoRenew: true });
    await work();
    for (let hour = 0; hour < 5; hour += 1) await pass(1 / 24);
    expect(await eventsOf(id)).toEqual([
      'plant.expiring 30',
      'plant.expiring 7',
      'plant.auto_renew_failed insufficient_balance',
    ]);
    await pass(3);
    await owner.query(`SELECT platform.adjust($1, $2, 100000, 'top-up', NULL, NULL, NULL)`, [
      newId('trf', clock.nowMs()),
      who.accountId,
    ]);
    await pass(1 / 20);
    expect((await eventsOf(id)).at(-1)).toBe('plant.renewed');
    expect((await balance(who.accountId)).posted).toBe(parseUsd('3'));
  });

  it('renews by priority when the balance does not cover all, the chosen tags first', async () => {
    const who = await account({ balance: '20' });
    const [soon, loved, dear] = [
      await plant(who, 1, { autoRenew: true, price: '8' }),
      await plant(who, 2, { autoRenew: true, price: '9', tags: ['client-a'] }),
      await plant(who, 2, { autoRenew: true, price: '15' }),
    ];
    const set = await request(app)
      .patch('/auto-renew-settings')
      .set(as(who))
      .send({ priority_tags: ['client-a'], priority: 'dearest' });
    expect(set.status).toBe(200);
    await work();
    const renewed = await Promise.all(
      [soon, loved, dear].map(async (id) => (await eventsOf(id)).includes('plant.renewed')),
    );
    expect(renewed).toEqual([true, true, false]);
    expect((await eventsOf(dear)).at(-1)).toBe('plant.auto_renew_failed insufficient_balance');
  });

  it('keeps to the account’s own caps and price ceiling, also with parallel renewals', async () => {
    const who = await account({ balance: '1000' });
    await request(app).patch('/auto-renew-settings').set(as(who)).send({ monthly_cap_usd: '25', max_price_usd: '12' });
    const ids = [
      await plant(who, 1, { autoRenew: true }),
      await plant(who, 1, { autoRenew: true }),
      await plant(who, 1, { autoRenew: true }),
      await plant(who, 1, { autoRenew: true }),
    ];
    const dear = await plant(who, 1, { autoRenew: true, price: '13' });
    await work();
    expect((await Promise.all(ids.map(eventsOf))).filter((events) => events.includes('plant.renewed'))).toHaveLength(2);
    expect(
      (await Promise.all(ids.map(eventsOf))).filter((events) =>
        events.includes('plant.auto_renew_failed auto_renew_cap_reached'),
      ),
    ).toHaveLength(2);
    expect(await eventsOf(dear)).toContain('plant.auto_renew_failed price_above_limit');
    expect((await request(app).get('/auto-renew-settings').set(as(who))).body).toMatchObject({
      monthly_cap_usd: '25.00',
      spent_this_month_usd: '20.00',
      daily_cap_usd: null,
      enabled: true,
    });
  });

  it("is off when the account's settings say so", async () => {
    const who = await account();
    await request(app).patch('/auto-renew-settings').set(as(who)).send({ enabled: false });
    const id = await plant(who, 1, { autoRenew: true });
    await work();
    expect((await eventsOf(id)).at(-1)).toBe('plant.auto_renew_failed auto_renew_off');
    expect((await balance(who.accountId)).posted).toBe(parseUsd('100'));
  });

  it('tries again in a new round after the supplier refused, never while one is open', async () => {
    const who = await account();
    const id = await plant(who, 2, { autoRenew: true });
    supplier.ending = 'refused';
    await work();
    expect((await eventsOf(id)).slice(-2)).toEqual(['order.failed', 'plant.auto_renew_failed supplier_error']);
    supplier.ending = 'done';
    await pass(0.3);
    expect((await eventsOf(id)).at(-1)).toBe('plant.renewed');
    expect((await balance(who.accountId)).posted).toBe(parseUsd('90'));
    const keys = await db.$queryRaw<{ idem_key: string; state: string }[]>(
      sql`SELECT idem_key, state FROM platform.orders WHERE subject = ${id} ORDER BY seq`,
    );
    expect(keys.map(({ idem_key, state }) => [idem_key.split('#')[1], state])).toEqual([
      ['1', 'released'],
      ['2', 'captured'],
    ]);
  });

  it('sums the renewals that are due, for objects with auto_renew', async () => {
    const who = await account();
    await plant(who, 5, { autoRenew: true, price: '4' });
    await plant(who, 25, { autoRenew: true, price: '6' });
    await plant(who, 26, { price: '50' });
    await trackRound(deps, source);
    expect(formatUsd(await autoRenewDue(db, who.accountId, new Date(clock.nowMs() + 30 * DAY)))).toBe('10.00');
    expect(formatUsd(await autoRenewDue(db, who.accountId, new Date(clock.nowMs() + 10 * DAY)))).toBe('4.00');
  });
});
