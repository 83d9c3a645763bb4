// Bulk purchases: one result per item, money exact, nothing bought or renewed twice.
import { formatUsd } from '@lumi/shared/money';
import { ORDER, proxyTest } from './proxy-service';

const lumi = proxyTest();

afterEach(async () => expect(await lumi.audit()).toEqual([]));

describe('POST /orders/bulk', () => {
  it('buys the valid items and says why the others failed', async () => {
    const who = await lumi.account({ balance: '100' });
    const items = [
      { ref: 'a', ...ORDER },
      { ref: 'b', ...ORDER, items: [{ country: 'XB', quantity: 1 }] },
      { ref: 'c', ...ORDER },
      { ref: 'd', ...ORDER, auth: { password: 'correct-horse-9' } },
    ];
    const answer = await lumi.pay(who, '/orders/bulk', { items });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      total: 4,
      ok: 2,
      failed: 2,
      items: [
        { ref: 'a', status: 'ok' },
        { ref: 'b', status: 'failed', error: { code: 'supplier_error' } },
        { ref: 'c', status: 'ok' },
        { ref: 'd', status: 'failed', error: { code: 'validation_error' } },
      ],
    });
    expect(answer.body.items[0].result.proxies).toHaveLength(2);
    expect(formatUsd((await lumi.balance(who.accountId)).available)).toBe('93.20');
  });
});

describe('POST /proxies/renew', () => {
  it('renews each proxy once; an equal item and one with an old expiry fail alone', async () => {
    const { who, body } = await lumi.buyer({ ...ORDER, items: [{ country: 'XA', quantity: 3 }] });
    const [first, second, third] = body.proxies.map((proxy) => ({
      proxy_id: proxy.id,
      current_expires_at: proxy.expires_at,
    }));
    const bulk = {
      defaults: { period_days: 30 },
      items: [first, first, second, { ...third, current_expires_at: '2026-01-01T00:00:00Z' }],
    };
    const answer = await lumi.pay(who, '/proxies/renew', bulk, 'renew-bulk-1');
    expect(
      answer.body.items.map((item: { status: string; error?: { code: string } }) => item.error?.code ?? item.status),
    ).toEqual(['ok', 'state_conflict', 'ok', 'expiry_mismatch']);
    expect((await lumi.pay(who, '/proxies/renew', bulk, 'renew-bulk-1')).text).toBe(answer.text);
    expect(formatUsd((await lumi.balance(who.accountId)).available)).toBe('991.50');
    expect((await lumi.get(who, `/proxies/${body.proxies[0]?.id ?? ''}`)).body.expires_at).toBe('2027-01-23T12:00:00Z');
  });

  it('renews nothing of another account', async () => {
    const { body } = await lumi.buyer();
    const stranger = await lumi.account();
    const answer = await lumi.pay(stranger, '/proxies/renew', {
      items: [{ proxy_id: body.proxies[0]?.id, current_expires_at: body.proxies[0]?.expires_at, period_days: 30 }],
    });
    expect(answer.body.items[0]).toMatchObject({ status: 'failed', error: { code: 'not_found' } });
  });
});
