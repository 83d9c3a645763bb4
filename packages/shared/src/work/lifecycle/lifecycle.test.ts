import { AppError, newId } from '../../ground/contract';
import { parseUsd } from '../../ground/money';
import { costLine, purchase, recoverOrders, renewalClaim, systemPayer } from '../purchase';
import { trackRound } from './index';
import {
  plant,
  account,
  pass,
  eventsOf,
  supplier,
  deps,
  source,
  clock,
  DAY,
  work,
  owner,
  balance,
  watering,
  START,
} from './test/plants';

describe('steps', () => {
  it('send reminders at 30, 7, 1 and 0 days, then go through the stages, each once', async () => {
    const id = await plant(await account(), 40);
    for (let day = 0; day < 55; day += 1) await pass(1);
    expect(await eventsOf(id)).toEqual([
      'plant.expiring 30',
      'plant.expiring 7',
      'plant.expiring 1',
      'plant.expired 0',
      'plant.wilting',
      'plant.composted',
    ]);
    expect(supplier.composted).toHaveLength(1);
  });

  it('catch up after downtime in the same order; several workers at once make each step once', async () => {
    const ids = [await plant(await account(), 35), await plant(await account(), 36), await plant(await account(), 20)];
    await trackRound(deps, source);
    clock.advance(60 * DAY);
    await Promise.all(Array.from({ length: 4 }, () => work()));
    await work();
    for (const id of ids)
      expect(await eventsOf(id)).toEqual([
        'plant.expiring 30',
        'plant.expiring 7',
        'plant.expiring 1',
        'plant.expired 0',
        'plant.wilting',
        'plant.composted',
      ]);
  });

  it('omit reminders from before the term began', async () => {
    const id = await plant(await account(), 5);
    await owner.query('UPDATE garden.plant SET started_at = $2 WHERE id = $1', [id, clock.now()]);
    await pass(6);
    expect(await eventsOf(id)).toEqual(['plant.expiring 1', 'plant.expired 0']);
  });

  it('begin again for a new expiry, and repeat none for the same expiry after the object was away', async () => {
    const who = await account();
    const id = await plant(who, 7);
    await work();
    await owner.query('UPDATE garden.plant SET ended_at = now() WHERE id = $1', [id]);
    await pass(0);
    await owner.query('UPDATE garden.plant SET ended_at = NULL WHERE id = $1', [id]);
    await work();
    expect(await eventsOf(id)).toEqual(['plant.expiring 30', 'plant.expiring 7']);
    await owner.query(
      `UPDATE garden.plant SET started_at = expires_at, expires_at = expires_at + interval '100 days' WHERE id = $1`,
      [id],
    );
    await pass(80);
    expect(await eventsOf(id)).toEqual(['plant.expiring 30', 'plant.expiring 7', 'plant.expiring 30']);
  });

  it('try a stage again under the same reference until the supplier has done it; later stages wait', async () => {
    const id = await plant(await account(), 1);
    supplier.composting = 'unknown';
    await pass(12);
    supplier.composting = 'refused';
    clock.advance(60_000);
    await work();
    expect((await eventsOf(id)).at(-1)).toBe('plant.wilting');
    supplier.composting = 'done';
    clock.advance(600_000);
    await work();
    expect((await eventsOf(id)).at(-1)).toBe('plant.composted');
    expect(supplier.composted.length).toBeGreaterThanOrEqual(3);
    expect(new Set(supplier.composted).size).toBe(1);
  });

  it('change nothing on an object that is being paid for', async () => {
    const who = await account();
    const id = await plant(who, 1, { autoRenew: true });
    supplier.ending = 'unknown';
    await pass(0);
    expect((await balance(who.accountId)).held).toBe(parseUsd('10'));
    await pass(20);
    expect(supplier.composted).toEqual([]);
    supplier.ending = 'done';
    await owner.query(`UPDATE platform.orders SET wake_at = now() WHERE state = 'acting'`);
    await recoverOrders(deps, new Map([['watering', watering]]), 'domains');
    clock.advance(60_000);
    await work();
    expect(await eventsOf(id)).toEqual(['plant.expiring 30', 'plant.expiring 7', 'plant.expiring 1', 'plant.renewed']);
    expect((await balance(who.accountId)).posted).toBe(parseUsd('90'));
  });
});

describe('a purchase without a key', () => {
  const buy = async (over: Partial<Parameters<typeof purchase>[1]>) => {
    const who = await account();
    const id = await plant(who, 50);
    return purchase(deps, {
      thing: watering,
      item: { plant: id, until: new Date(START + 900 * DAY).toISOString() },
      subject: id,
      lockKey: id,
      terms: { facts: { plant: id }, cost: [costLine('Water', 10_000n)] },
      refusal: null,
      accountId: who.accountId,
      requestId: newId('req', 0),
      dryRun: false,
      principal: systemPayer('domains', who.accountId),
      claim: renewalClaim('domains', { resource: id, expiresAt: new Date(START), round: 1, requestId: 'req' }),
      ...over,
    });
  };
  const claim = renewalClaim('domains', { resource: 'x', expiresAt: new Date(START), round: 1, requestId: 'req' });

  it('is only possible as a renewal by the account itself', async () => {
    expect((await buy({})).status).toBe(200);
    await expect(buy({ claim: null })).rejects.toThrow('not a renewal');
    await expect(buy({ claim: { ...claim, scope: 'usr_x' } })).rejects.toThrow('not a renewal');
    await expect(buy({ claim: { ...claim, key: 'just-a-key' } })).rejects.toThrow('not a renewal');
    await expect(buy({ principal: systemPayer('domains', 'usr_somebody_else') })).rejects.toThrow('not a renewal');
    await expect(buy({ principal: { ...systemPayer('domains', 'x'), lineageId: 'lin_x' } })).rejects.toThrow(
      'not a renewal',
    );
    await expect(buy({ principal: { ...systemPayer('domains', 'x'), keyId: 'key_x' } })).rejects.toThrow(
      'not a renewal',
    );
  });

  it('is refused a second time from the same expiry, even in another round', async () => {
    const who = await account();
    const same = { accountId: who.accountId, principal: systemPayer('domains', who.accountId), lockKey: null };
    const round = (n: number) =>
      renewalClaim('domains', { resource: 'fern', expiresAt: new Date(START), round: n, requestId: 'req' });
    expect((await buy({ ...same, claim: round(1) })).status).toBe(200);
    await expect(buy({ ...same, claim: round(2) })).rejects.toThrow(new AppError('in_progress').message);
    expect((await buy({ ...same, claim: round(1) })).replayOf).not.toBeNull();
  });
});
