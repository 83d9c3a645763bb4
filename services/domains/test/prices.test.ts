// A price of a domain holds only while its expiry and state are unchanged: between quote and purchase, and between
// offer and hold.
// offer and hold.
import { addMonths, anchorOf } from '@lumi/shared/runtime';
import { beforeHoldOf, type TestAccount } from '@lumi/shared/testing';
import { domainsService } from './domains-fixture';

const t = domainsService();
const DAY = 86_400_000;
let who: TestAccount;
let run = 0;
let name = '';

beforeEach(async () => {
  who = await t.account({ balance: '100' });
  run += 1;
  name = `price-${String(run)}.test`;
  await t.buy(who, { domain: name }).expect(201);
});
afterEach(async () => {
  beforeNextHold(null);
  t.clock.shiftMs = 0;
  expect(await t.breaches()).toEqual([]);
});

const beforeNextHold = beforeHoldOf(t.service.purchases);

const read = async () => (await t.get(who, `/domains/${name}`)).body;
const renew = (expires: string, body: object = {}) =>
  t.pay(who, `/domains/${name}/renew`, { current_expires_at: expires, ...body });
const quote = async (operation: string, item: object) =>
  (await t.post(who, '/quotes', { operation, items: [item] }).expect(201)).body.id as string;

it('a renewal with a quote is refused when the expiry or the number of years differs from the quote', async () => {
  const id = await quote('renew', { domain: name, years: 2 });
  const { expires_at: before } = await read();
  expect((await renew(before, { years: 1, quote_id: id })).body.error.code).toBe('price_changed');
  await renew(before).expect(200);
  const { expires_at: after } = await read();
  expect((await renew(after, { years: 2, quote_id: id })).body.error.code).toBe('price_changed');
});

it('a renewal is refused with the new expiry, and costs nothing, when another renewal is done before its hold', async () => {
  const { expires_at: before } = await read();
  beforeNextHold(() =>
    renew(before)
      .expect(200)
      .then(() => undefined),
  );
  expect((await renew(before)).body.error.code).toBe('expiry_mismatch');
  expect(await t.balance(who.accountId)).toMatchObject({ posted: 980_000n, held: 0n });
  expect((await t.log(name)).filter(({ command }) => command === 'renew')).toHaveLength(1);
});

it('a renewal is refused when the domain leaves grace or is deleted before the hold', async () => {
  const { expires_at: expires } = await read();
  const grace = (
    await t.owner.query<{ at: Date }>('SELECT grace_ends_at AS at FROM domains.domain WHERE name = $1', [name])
  ).rows[0]?.at;
  await t.owner.query(`UPDATE domains.domain SET grace_ends_at = now() + interval '30 seconds' WHERE name = $1`, [
    name,
  ]);
  beforeNextHold(() => Promise.resolve((t.clock.shiftMs += 60_000)));
  expect((await renew(expires)).body.error).toMatchObject({ code: 'state_conflict', details: [{ path: 'state' }] });
  await t.owner.query(`UPDATE domains.domain SET grace_ends_at = $2 WHERE name = $1`, [name, grace]);
  beforeNextHold(() =>
    t.owner.query(`UPDATE domains.domain SET grace_ends_at = now() - interval '1 second' WHERE name = $1`, [name]),
  );
  expect((await renew(expires)).body.error.code).toBe('state_conflict');
  await t.owner.query(`UPDATE domains.domain SET grace_ends_at = $2 WHERE name = $1`, [name, grace]);
  expect((await t.log(name)).filter(({ command }) => command === 'renew')).toHaveLength(0);
});

it('a restoration is refused when the domain leaves redemption before the hold', async () => {
  t.clock.shiftMs = 30 * DAY;
  await t.remove(who, `/domains/${name}`).send({ when: 'now', confirm: name }).expect(200);
  expect((await read()).state).toBe('redemption');
  beforeNextHold(() => Promise.resolve((t.clock.shiftMs += 31 * DAY)));
  expect((await t.pay(who, `/domains/${name}/restore`, { max_price_usd: '90' })).body.error.code).toBe(
    'state_conflict',
  );
  expect(await t.balance(who.accountId)).toMatchObject({ held: 0n });
});

it('a second renewal is refused while one is open', async () => {
  name = 'pending-then-done.test';
  const first = await t.buy(who, { domain: name });
  expect(first.status).toBe(202);
  expect((await t.buy(who, { domain: name })).body.error.code).toBe('busy');
  await t.recover();
  await t.recover();
});

it('adding years to 29 February gives the last day of the month, and 29 February again in a leap year', () => {
  const leap = new Date('2028-02-29T10:00:00Z');
  expect(addMonths(leap, 12).toISOString()).toBe('2029-02-28T10:00:00.000Z');
  expect(addMonths(addMonths(leap, 12), 36, anchorOf(addMonths(leap, 12), 29)).toISOString()).toBe(
    '2032-02-29T10:00:00.000Z',
  );
  expect(anchorOf(new Date('2029-02-27T10:00:00Z'), 29)).toBe(27);
});
