// The double over real HTTP: its API, and that a restart loses nothing.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';

import { createDouble, signBody, type Double, type DoubleOptions } from './index';

const TOKEN = '1:test-token';

interface Received {
  body: Buffer;
  signature: string;
}

let dataDir: string;
const running: { stop(): Promise<void> }[] = [];

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(os.tmpdir(), 'crypto-pay-double-'));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
  await rm(dataDir, { recursive: true, force: true });
});

async function start(options: Partial<DoubleOptions> = {}): Promise<Double> {
  const double = await createDouble({ dataDir, token: TOKEN, webhookRetryDelaysMs: [1, 1], ...options });
  running.push(double);
  return double;
}

/** Every field any method answers with; a test reads only those of its method. */
interface Result {
  invoice_id: number;
  hash: string;
  status: string;
  pay_url: string;
  bot_invoice_url: string;
  created_at: string;
  expiration_date: string;
  accepted_assets: string[];
  items: Result[];
}

interface Answer {
  status: number;
  ok: boolean;
  result: Result;
  error: { code: number; name: string };
}

async function call(double: Double, method: string, params: object = {}, token = TOKEN): Promise<Answer> {
  const answer = await fetch(`${double.url}/api/${method}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'crypto-pay-api-token': token },
    body: JSON.stringify(params),
  });
  return { ...((await answer.json()) as Answer), status: answer.status };
}

const FIVE_USD = { currency_type: 'fiat', fiat: 'USD', amount: '5.00', payload: 'dep_1', expires_in: 3600 };

/** A receiver that answers with the given statuses in turn, then 200. */
async function receiver(
  statuses: number[] = [],
): Promise<{ url: string; received: Received[]; count(n: number): Promise<void> }> {
  const received: Received[] = [];
  const waiting: { n: number; resolve: () => void }[] = [];
  const server = http.createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      received.push({ body: Buffer.concat(chunks), signature: String(req.headers['crypto-pay-api-signature']) });
      res.statusCode = statuses.shift() ?? 200;
      res.end();
      for (const one of waiting) if (received.length >= one.n) one.resolve();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.push({
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    count: (n) => new Promise((resolve) => (received.length >= n ? resolve() : waiting.push({ n, resolve }))),
  };
}

describe('the API', () => {
  it('makes an invoice with the fields of the real one', async () => {
    const double = await start();
    const { status, ok, result } = await call(double, 'createInvoice', FIVE_USD);
    expect({ status, ok }).toEqual({ status: 200, ok: true });
    expect(result).toMatchObject({
      currency_type: 'fiat',
      fiat: 'USD',
      amount: '5',
      status: 'active',
      payload: 'dep_1',
      allow_comments: true,
    });
    expect(result.accepted_assets).toContain('USDT');
    expect(result.bot_invoice_url).toBe(`${double.url}/pay/${result.hash}`);
    expect(result).not.toHaveProperty('paid_at');
    expect(Date.parse(result.expiration_date) - Date.parse(result.created_at)).toBe(3_600_000);
  });

  it('reads parameters from the query of a GET as well', async () => {
    const double = await start();
    const answer = await fetch(`${double.url}/api/createInvoice?asset=TON&amount=1.5`, {
      headers: { 'crypto-pay-api-token': TOKEN },
    });
    expect(await answer.json()).toMatchObject({ result: { currency_type: 'crypto', asset: 'TON', amount: '1.5' } });
  });

  it.each<[object, string]>([
    [{ ...FIVE_USD, amount: '0' }, 'AMOUNT_INVALID'],
    [{ ...FIVE_USD, amount: '1e3' }, 'AMOUNT_INVALID'],
    [{ ...FIVE_USD, amount: '-1' }, 'AMOUNT_INVALID'],
    [{ ...FIVE_USD, fiat: 'XYZ' }, 'FIAT_INVALID'],
    [{ ...FIVE_USD, currency_type: 'barter' }, 'CURRENCY_TYPE_INVALID'],
    [{ ...FIVE_USD, expires_in: 0 }, 'EXPIRES_IN_INVALID'],
    [{ ...FIVE_USD, expires_in: 2_678_401 }, 'EXPIRES_IN_INVALID'],
    [{ ...FIVE_USD, payload: 'x'.repeat(4_097) }, 'PAYLOAD_TOO_LONG'],
    [{ ...FIVE_USD, description: 'x'.repeat(1_025) }, 'DESCRIPTION_TOO_LONG'],
    [{ ...FIVE_USD, paid_btn_name: 'callback' }, 'PAID_BTN_URL_INVALID'],
    [{ ...FIVE_USD, accepted_assets: ['USDT'] }, 'ACCEPTED_ASSETS_INVALID'],
    [{ amount: '1' }, 'ASSET_INVALID'],
  ])('refuses a createInvoice with 400 and stores nothing (case %#)', async (params, name) => {
    const double = await start();
    expect(await call(double, 'createInvoice', params)).toEqual({ status: 400, ok: false, error: { code: 400, name } });
    expect((await call(double, 'getInvoices')).result.items).toEqual([]);
  });

  it('refuses a wrong token with 401 and an unknown method with 405', async () => {
    const double = await start();
    expect(await call(double, 'getMe', {}, 'wrong')).toMatchObject({ status: 401, error: { name: 'UNAUTHORIZED' } });
    expect(await call(double, 'getNothing')).toMatchObject({ status: 405, error: { name: 'METHOD_NOT_FOUND' } });
  });

  it('lists newest first, by id, by status and by page', async () => {
    const double = await start();
    const ids: number[] = [];
    for (let i = 0; i < 3; i++) ids.push((await call(double, 'createInvoice', FIVE_USD)).result.invoice_id);
    await double.pay(ids[1] ?? 0);
    const list = async (params: object) =>
      (await call(double, 'getInvoices', params)).result.items.map((item) => item.invoice_id);
    expect(await list({})).toEqual([...ids].reverse());
    expect(await list({ status: 'paid' })).toEqual([ids[1]]);
    expect(await list({ status: 'active' })).toEqual([ids[2], ids[0]]);
    expect(await list({ invoice_ids: `${ids[0]},${ids[2]}` })).toEqual([ids[2], ids[0]]);
    expect(await list({ offset: 1, count: 1 })).toEqual([ids[1]]);
  });

  it('deletes an unpaid invoice and keeps a paid one', async () => {
    const double = await start();
    const unpaid = (await call(double, 'createInvoice', FIVE_USD)).result.invoice_id;
    const paid = (await call(double, 'createInvoice', FIVE_USD)).result.invoice_id;
    await double.pay(paid);
    expect(await call(double, 'deleteInvoice', { invoice_id: unpaid })).toMatchObject({ ok: true, result: true });
    expect(await call(double, 'deleteInvoice', { invoice_id: unpaid })).toMatchObject({ status: 400, ok: false });
    expect(await call(double, 'deleteInvoice', { invoice_id: paid })).toMatchObject({ status: 400, ok: false });
    await expect(double.pay(unpaid)).rejects.toThrow('INVOICE_NOT_ACTIVE');
  });

  it('expires by its clock, and then takes no payment unless a fault allows it', async () => {
    const double = await start();
    const id = (await call(double, 'createInvoice', FIVE_USD)).result.invoice_id;
    double.faults.clockOffsetS = 3_601;
    expect((await call(double, 'getInvoices', { invoice_ids: String(id) })).result.items[0]?.status).toBe('expired');
    await expect(double.pay(id)).rejects.toThrow('INVOICE_NOT_ACTIVE');
    double.faults.latePayment = true;
    await double.pay(id);
    expect((await call(double, 'getInvoices', { invoice_ids: String(id) })).result.items[0]?.status).toBe('paid');
  });

  it('accounts the fee separately from the paid amount', async () => {
    const double = await start();
    const id = (await call(double, 'createInvoice', FIVE_USD)).result.invoice_id;
    await double.pay(id, 'TON');
    const [invoice] = (await call(double, 'getInvoices')).result.items;
    expect(invoice).toMatchObject({
      paid_asset: 'TON',
      paid_amount: '1.5625',
      paid_fiat_rate: '3.2',
      fee_asset: 'TON',
      fee_amount: '0.046875',
      fee_in_usd: '0.15',
    });
    expect((await call(double, 'getBalance')).result).toContainEqual({
      currency_code: 'TON',
      available: '1.515625',
      onhold: '0',
    });
  });
});

describe('the pay page', () => {
  it('pays once by its button, and escapes the texts of the invoice', async () => {
    const double = await start();
    const { result } = await call(double, 'createInvoice', { ...FIVE_USD, description: '<script>x</script>' });
    const before = await (await fetch(result.pay_url)).text();
    expect(before).toContain('Pay (test money)');
    expect(before).not.toContain('<script>');
    const form = () => fetch(result.pay_url, { method: 'POST', body: new URLSearchParams({ asset: 'USDT' }) });
    expect(await (await form()).text()).toContain('<strong id="status">paid</strong>');
    expect((await form()).status).toBe(200);
    expect((await call(double, 'getBalance')).result).toContainEqual({
      currency_code: 'USDT',
      available: '4.85',
      onhold: '0',
    });
  });

  it('answers 404 for a guessed invoice', async () => {
    const double = await start();
    expect((await fetch(`${double.url}/pay/IVguess`)).status).toBe(404);
  });
});

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
      dataDir,
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
    await writeFile(path.join(dataDir, 'crypto-pay.json'), '{"invoices":');
    await expect(start()).rejects.toThrow(/crypto-pay\.json is damaged/);
  });
});
