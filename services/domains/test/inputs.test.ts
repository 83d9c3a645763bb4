// What callers send, read in one way: names, contacts, hosts, keys, times, numbers.
import request from 'supertest';
import { domainsService, type Who } from './domains-fixture';

const t = domainsService();

afterEach(async () => expect(await t.breaches()).toEqual([]));

async function bought(who: Who, domain: string, body: object = {}) {
  return (await t.buy(who, { domain, ...body }).expect(201)).body.domain as { domain: string; expires_at: string };
}

const detailsOf = (answer: { body: { error: { details: unknown } } }) => answer.body.error.details;

describe('metadata', () => {
  it('is kept as it is, or refused where a number would be rounded', async () => {
    const who = await t.account({ balance: '20' });
    await bought(who, 'numbers.test');
    const send = (body: string) => request(t.app).patch('/domains/numbers.test').set({ ...t.as(who), 'content-type': 'application/json' }).send(body);
    expect(detailsOf(await send('{"metadata":{"invoice":12345678901234567890}}').expect(422))).toEqual([{ path: 'invoice', message: 'is a number that cannot be kept exactly; send it as a string' }]);
    await send('{"metadata":{"share":0.1234567890123456789}}').expect(422);
    expect((await send('{"metadata":{"invoice":9007199254740991,"share":0.125,"text":"12345678901234567890"}}').expect(200)).body.metadata).toEqual({ invoice: 9007199254740991, share: 0.125, text: '12345678901234567890' });
  });
});

describe('a time', () => {
  it('may be a day or any form of RFC 3339 wherever one is asked for, and is refused where no calendar or database has it', async () => {
    const who = await t.account({ balance: '20' });
    const { expires_at } = await bought(who, 'timely.test');
    for (const time of ['2020-11-27', '2020-11-27t10:20:30z', '2020-11-27T10:20Z']) {
      expect((await t.get(who, `/domains?created_after=${time}`).expect(200)).body.items).toHaveLength(1);
      await t.get(who, `/tlds?updated_since=${time}`).expect(200);
      await t.get(who, `/transactions?from=${time}`).expect(200);
    }
    for (const time of ['0000-01-01T00:00:00Z', '0000-01-01', '9999-12-31T23:59:59-01:00', '2026-02-30', 'infinity', '']) {
      expect([time, (await t.get(who, `/domains?created_after=${encodeURIComponent(time)}`)).status]).toEqual([time, 422]);
      expect([time, (await t.get(who, `/transactions?from=${encodeURIComponent(time)}`)).status]).toEqual([time, 422]);
    }
    expect((await t.get(who, '/domains?created_after=9999-12-31T23:59:59Z').expect(200)).body.items).toEqual([]);
    const day = expires_at.slice(0, 10);
    expect((await t.pay(who, '/domains/timely.test/renew', { current_expires_at: '2020-01-01', max_price_usd: '1' }).expect(409)).body.error.code).toBe('expiry_mismatch');
    await t.pay(who, '/domains/timely.test/renew', { current_expires_at: day, max_price_usd: '1' }).expect(200);
    expect((await t.pay(who, '/domains/timely.test/renew', { current_expires_at: day, max_price_usd: '1' }).expect(409)).body.error.code).toBe('expiry_mismatch');
  });
});
