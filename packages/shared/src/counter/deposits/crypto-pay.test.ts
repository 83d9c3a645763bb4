// The real client against the double, over real HTTP on loopback.
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { createDouble, signBody, type Double } from '@lumi/crypto-pay-double';
import { parseUsd } from '../../ground/money';
import { CRYPTO_PAY_SIGNATURE_HEADER, CryptoPay } from './crypto-pay';

const TOKEN = '1:a-token-for-tests';
const REQUEST = { depositId: 'dep_1', amount: parseUsd('5.15'), expiresInS: 3_600 };
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startDouble(): Promise<Double> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'crypto-pay-test-'));
  const double = await createDouble({ dataDir, token: TOKEN });
  closing.push(
    () => rm(dataDir, { recursive: true, force: true }),
    () => double.stop(),
  );
  return double;
}

function clientOf(url: string, options: { token?: string; timeoutMs?: number } = {}): CryptoPay {
  const client = new CryptoPay({ url, token: TOKEN, ...options });
  closing.push(() => client.close());
  return client;
}

/** A provider that answers every call with these bytes. */
async function answering(status: number, body: string): Promise<CryptoPay> {
  const server = http.createServer((req, res) => {
    req.resume().on('end', () => {
      res.writeHead(status).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const address = server.address();
  return clientOf(`http://127.0.0.1:${String(typeof address === 'object' && address !== null ? address.port : 0)}`);
}

async function createdInvoice(client: CryptoPay, depositId = 'dep_1') {
  const created = await client.create({ ...REQUEST, depositId });
  if (created.kind !== 'done') throw new Error(`create ended as ${created.kind}`);
  return created.invoice;
}

describe('create', () => {
  it('makes a USD invoice with our id, our amount and the pay link', async () => {
    const double = await startDouble();
    const invoice = await createdInvoice(clientOf(double.url));
    expect(invoice).toMatchObject({ depositId: 'dep_1', amount: 51_500n, state: 'open', payment: null });
    expect(invoice.payUrl).toMatch(/\/pay\/IV/);
    expect(invoice.payUrls.bot).toBe(invoice.payUrl);
    expect(invoice.expiresAt).toBeInstanceOf(Date);
  });

  it('is refused with the name of the provider when the provider refuses', async () => {
    const double = await startDouble();
    expect(await clientOf(double.url).create({ ...REQUEST, asset: 'NOPE' })).toEqual({
      kind: 'refused',
      reason: 'ACCEPTED_ASSETS_INVALID',
    });
  });

  it('is unavailable when nothing listens or the token is wrong', async () => {
    const double = await startDouble();
    expect((await clientOf('http://127.0.0.1:1').create(REQUEST)).kind).toBe('unavailable');
    expect((await clientOf(double.url, { token: '2:wrong' }).create(REQUEST)).kind).toBe('unavailable');
  });

  it('is unknown after a time-out, and the look-up by our id finds the one invoice', async () => {
    const double = await startDouble();
    double.faults.createHangsAfterSuccess = 1;
    const client = clientOf(double.url, { timeoutMs: 100 });
    expect((await client.create(REQUEST)).kind).toBe('unknown');
    expect(await client.lookUp({ depositId: 'dep_1', providerInvoiceId: null, createdAt: new Date() })).toMatchObject({
      kind: 'found',
      invoice: { amount: 51_500n },
    });
  });

  it('is unknown after a 500, whether or not the invoice was made', async () => {
    const double = await startDouble();
    const client = clientOf(double.url);
    double.faults.createFailsAfterSuccess = 1;
    expect((await client.create(REQUEST)).kind).toBe('unknown');
    double.faults.callsFail = 1;
    expect((await client.create({ ...REQUEST, depositId: 'dep_2' })).kind).toBe('unknown');
    const lookUp = (depositId: string) => client.lookUp({ depositId, providerInvoiceId: null, createdAt: new Date() });
    expect((await lookUp('dep_1')).kind).toBe('found');
    expect((await lookUp('dep_2')).kind).toBe('absent');
  });

  it.each([
    ['a page of HTML', 502, '<html>bad gateway</html>'],
    ['a bare 404 of some proxy', 404, 'not here'],
    ['half an answer', 200, '{"ok":true,"resu'],
    [
      'another invoice',
      200,
      JSON.stringify({
        ok: true,
        result: {
          invoice_id: 1,
          status: 'active',
          currency_type: 'fiat',
          fiat: 'USD',
          amount: '5.15',
          payload: 'dep_other',
          pay_url: 'https://x.test',
          created_at: '2026-01-01T00:00:00Z',
        },
      }),
    ],
    [
      'another amount',
      200,
      JSON.stringify({
        ok: true,
        result: {
          invoice_id: 1,
          status: 'active',
          currency_type: 'fiat',
          fiat: 'USD',
          amount: '5.14',
          payload: 'dep_1',
          pay_url: 'https://x.test',
          created_at: '2026-01-01T00:00:00Z',
        },
      }),
    ],
    ['more bytes than it may send', 200, `"${'x'.repeat(2_100_000)}"`],
  ])('is unknown when the answer is %s', async (_what, status, body) => {
    expect((await (await answering(status, body)).create(REQUEST)).kind).toBe('unknown');
  });
});

describe('look-up', () => {
  it('reads many at once and leaves out those the provider does not have', async () => {
    const double = await startDouble();
    const client = clientOf(double.url);
    const [first, second] = [await createdInvoice(client, 'dep_1'), await createdInvoice(client, 'dep_2')];
    await double.pay(Number.parseInt(second.providerInvoiceId, 10), 'TON');
    const many = await client.lookUpMany([first.providerInvoiceId, second.providerInvoiceId, '999999']);
    if (many.kind !== 'read') throw new Error('unavailable');
    expect([...many.invoices.keys()].sort()).toEqual([first.providerInvoiceId, second.providerInvoiceId]);
    expect(many.invoices.get(second.providerInvoiceId)).toMatchObject({
      state: 'paid',
      amount: 51_500n,
      payment: { asset: 'TON', feeAsset: 'TON' },
    });
  });

  it('finds by our id beyond the first page', async () => {
    const double = await startDouble();
    const client = clientOf(double.url);
    const createdAt = new Date();
    await createdInvoice(client, 'dep_first');
    await Promise.all(Array.from({ length: 220 }, (_, i) => createdInvoice(client, `dep_later_${String(i)}`)));
    expect((await client.lookUp({ depositId: 'dep_first', providerInvoiceId: null, createdAt })).kind).toBe('found');
    expect((await client.lookUp({ depositId: 'dep_never', providerInvoiceId: null, createdAt })).kind).toBe('absent');
  });

  it('never treats an unreadable or failed answer as an absent invoice', async () => {
    for (const [status, body] of [
      [500, 'x'],
      [200, '{"ok":true,"result":{"items":[{"invoice_id":"?"}]}}'],
      [400, '{"ok":false,"error":{"code":400,"name":"X"}}'],
    ] as const) {
      expect(
        (
          await (
            await answering(status, body)
          ).lookUp({ depositId: 'dep_1', providerInvoiceId: '7', createdAt: new Date() })
        ).kind,
      ).toBe('unavailable');
    }
  });

  it('gives no amount to an invoice that is not in USD', async () => {
    const item = {
      invoice_id: 7,
      status: 'paid',
      currency_type: 'crypto',
      asset: 'USDT',
      amount: '5.15',
      payload: 'dep_1',
      pay_url: 'https://x.test',
      created_at: '2026-01-01T00:00:00Z',
    };
    const client = await answering(200, JSON.stringify({ ok: true, result: { items: [item] } }));
    expect(await client.lookUp({ depositId: 'dep_1', providerInvoiceId: '7', createdAt: new Date() })).toMatchObject({
      kind: 'found',
      invoice: { amount: null },
    });
  });
});

describe('cancel', () => {
  it('deletes an open invoice and is refused for a paid one', async () => {
    const double = await startDouble();
    const client = clientOf(double.url);
    const [open, paid] = [await createdInvoice(client, 'dep_1'), await createdInvoice(client, 'dep_2')];
    await double.pay(Number.parseInt(paid.providerInvoiceId, 10));
    expect(await client.cancel(open.providerInvoiceId)).toEqual({ kind: 'done' });
    expect(
      (await client.lookUp({ depositId: 'dep_1', providerInvoiceId: open.providerInvoiceId, createdAt: new Date() }))
        .kind,
    ).toBe('absent');
    expect((await client.cancel(paid.providerInvoiceId)).kind).toBe('refused');
    double.faults.callsFail = 1;
    expect((await client.cancel(open.providerInvoiceId)).kind).toBe('unknown');
  });
});

describe('verifyWebhook', () => {
  const client = new CryptoPay({ url: 'http://127.0.0.1:1', token: TOKEN });
  afterAll(() => client.close());
  const body = Buffer.from(
    '{ "update_id":1,"update_type":"invoice_paid","payload":{"invoice_id":42,"status":"paid"} }',
  );
  const verify = (signature: string | string[] | undefined, bytes = body) =>
    client.verifyWebhook(bytes, { [CRYPTO_PAY_SIGNATURE_HEADER]: signature });
  const genuine = signBody(TOKEN, body);

  it('accepts the signature over the exact bytes', () => {
    expect(verify(genuine)).toEqual({ kind: 'paid', providerInvoiceId: '42' });
  });

  it.each([
    ['no signature', undefined],
    ['an empty one', ''],
    ['upper case', genuine.toUpperCase()],
    ['a trailing character', `${genuine}0`],
    ['a missing character', genuine.slice(1)],
    ['two headers', `${genuine}, ${genuine}`],
    ['a list', [genuine]],
    ['another token', signBody('2:other', body)],
    ['the token used without hashing', signBody('', body)],
  ])('treats %s as forged', (_what, signature) => {
    expect(verify(signature)).toEqual({ kind: 'forged' });
  });

  it('treats the same JSON in other bytes as forged', () => {
    expect(verify(genuine, Buffer.from(JSON.stringify(JSON.parse(body.toString()))))).toEqual({ kind: 'forged' });
  });

  it.each([
    '{"update_type":"other","payload":{"invoice_id":1}}',
    '{"update_type":"invoice_paid"}',
    'not json',
    '{"update_type":"invoice_paid","payload":{"invoice_id":"1;drop"}}',
  ])('ignores a genuine %s', (text) => {
    const bytes = Buffer.from(text);
    expect(verify(signBody(TOKEN, bytes), bytes)).toEqual({ kind: 'ignored' });
  });
});
