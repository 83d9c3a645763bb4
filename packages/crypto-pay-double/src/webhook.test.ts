// The double's webhooks and faults, and that a restart loses nothing.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createDouble, signBody } from './index';
import { FIVE_USD, TOKEN, call, folder, receiver, start } from './test/double';

describe('the webhook', () => {
  it('carries the invoice, signed over the exact bytes', async () => {
    const hook = await receiver();
    const double = await start({ webhookUrl: hook.url });
    const id = (await call(double, 'createInvoice', FIVE_USD)).result.invoice_id;
    await double.pay(id);
    await hook.count(1);
    const [first] = hook.received;
    expect(first?.signature).toBe(signBody(TOKEN, first?.body ?? Buffer.alloc(0)));
    expect(JSON.parse(String(first?.body))).toMatchObject({
      update_type: 'invoice_paid',
      payload: { invoice_id: id, status: 'paid', payload: 'dep_1' },
    });
  });

  it('is sent again until it is accepted', async () => {
    const hook = await receiver([500, 503]);
    const double = await start({ webhookUrl: hook.url });
    await double.pay((await call(double, 'createInvoice', FIVE_USD)).result.invoice_id);
    await hook.count(3);
    expect(new Set(hook.received.map((one) => JSON.parse(String(one.body)).update_id)).size).toBe(1);
  });

  it('is sent twice, or never, when a fault says so', async () => {
    const hook = await receiver();
    const double = await start({ webhookUrl: hook.url });
    double.faults.webhook = 'never';
    await double.pay((await call(double, 'createInvoice', FIVE_USD)).result.invoice_id);
    double.faults.webhook = 'twice';
    const second = (await call(double, 'createInvoice', FIVE_USD)).result.invoice_id;
    await double.pay(second);
    await hook.count(2);
    expect(hook.received.map((one) => JSON.parse(String(one.body)).payload.invoice_id)).toEqual([second, second]);
  });
});

describe('faults', () => {
  it('make the invoice and hang, or fail, or do nothing', async () => {
    const double = await start();
    double.faults.createHangsAfterSuccess = 1;
    const patience = new AbortController();
    const hang = fetch(`${double.url}/api/createInvoice?asset=TON&amount=1`, {
      headers: { 'crypto-pay-api-token': TOKEN },
      signal: patience.signal,
    });
    while ((await call(double, 'getInvoices')).result.items.length === 0); // it exists although no answer came
    patience.abort();
    await expect(hang).rejects.toThrow();
    double.faults.createFailsAfterSuccess = 1;
    expect(await call(double, 'createInvoice', FIVE_USD)).toMatchObject({ status: 500, error: { name: 'APP_ERROR' } });
    double.faults.callsFail = 1;
    expect(await call(double, 'createInvoice', FIVE_USD)).toMatchObject({ status: 500 });
    expect((await call(double, 'getInvoices')).result.items).toHaveLength(2);
  });

  it('are set over HTTP with the token, and unknown ones are refused', async () => {
    const double = await start();
    const set = (body: object, token = TOKEN) =>
      fetch(`${double.url}/double/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'crypto-pay-api-token': token },
        body: JSON.stringify(body),
      });
    expect((await set({ webhook: 'never' }, 'wrong')).status).toBe(401);
    expect((await set({ nonsense: 1 })).status).toBe(400);
    expect((await set({ webhook: 'never', callsFail: 2 })).status).toBe(200);
    expect(double.faults).toMatchObject({ webhook: 'never', callsFail: 2 });
  });
});

describe('a restart', () => {
  it('finds every invoice, and delivers the pending webhooks', async () => {
    const first = await createDouble({
      dataDir: folder(),
      token: TOKEN,
      webhookUrl: 'http://127.0.0.1:1/closed',
      webhookRetryDelaysMs: [60_000],
    });
    const created = await Promise.all(Array.from({ length: 20 }, () => call(first, 'createInvoice', FIVE_USD)));
    await first.pay(created[3]?.result.invoice_id ?? 0);
    await first.stop();
    const hook = await receiver();
    const second = await start({ webhookUrl: hook.url });
    expect((await call(second, 'getInvoices')).result.items).toHaveLength(20);
    await hook.count(1);
    expect(JSON.parse(String(hook.received[0]?.body)).payload.invoice_id).toBe(created[3]?.result.invoice_id);
    const next = (await call(second, 'createInvoice', FIVE_USD)).result.invoice_id;
    expect(created.map((one) => one.result.invoice_id)).not.toContain(next);
  });

  it('names the damaged file instead of starting empty', async () => {
    await writeFile(path.join(folder(), 'crypto-pay.json'), '{"invoices":');
    await expect(start()).rejects.toThrow(/crypto-pay\.json is damaged/);
  });
});
