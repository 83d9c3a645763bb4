// Routes that payment providers and payers call without a key: the webhook with its raw bytes, the sandbox's page.
import { signBody } from '@lumi/crypto-pay-double';
import supertest from 'supertest';
import {
  TOKEN,
  create,
  get,
  identity,
  nobody,
  post,
  query,
  reseller,
  rulesBroken,
  theApp,
  theDouble,
} from './test/deposit-routes';

afterEach(async () => expect(await rulesBroken()).toEqual([]));

describe('POST /hooks/payments/{provider}', () => {
  const hook = (provider: string, body: string, signature: string) =>
    supertest(theApp())
      .post(`/hooks/payments/${provider}`)
      .set(identity(nobody))
      .set('content-type', 'application/json')
      .set('crypto-pay-api-signature', signature)
      .send(body);

  it('credits after reading the invoice again, and accepts the same webhook twice', async () => {
    const who = await reseller();
    const { id } = (await post(who, { amount_usd: '5', provider: 'cryptobot' }).expect(201)).body as { id: string };
    const { rows } = await query<{ provider_invoice_id: string }>(
      'SELECT provider_invoice_id FROM platform.deposit WHERE id = $1',
      [id],
    );
    const invoiceId = Number.parseInt(rows[0]?.provider_invoice_id ?? '', 10);
    await theDouble().pay(invoiceId);
    const body = JSON.stringify({ update_type: 'invoice_paid', update_id: 1, payload: { invoice_id: invoiceId } });
    await hook('cryptobot', body, signBody('2:wrong', Buffer.from(body))).expect(401);
    await hook('cryptobot', body, signBody(TOKEN, Buffer.from(body))).expect(200, { ok: true });
    await hook('cryptobot', body, signBody(TOKEN, Buffer.from(body))).expect(200, { ok: true });
    expect((await get(who, `/deposits/${id}`)).body).toMatchObject({
      status: 'credited',
      amount_usd: '5.00',
      paid: { asset: 'USDT', amount: '5' },
    });
  });

  it('is 404 for an unknown provider', async () => {
    await hook('paypal', '{}', '').expect(404);
  });
});

describe('the sandbox pay page', () => {
  it('shows the invoice, pays it by its button, and credits at once', async () => {
    const who = await reseller();
    const { id, pay_url } = await create(who, { return_url: 'https://shop.test/?a="><script>' });
    const at = pay_url.replace('http://lumi.test/api/v1', '');
    const shown = await supertest(theApp())
      .get(at)
      .set(identity(nobody))
      .expect(200)
      .expect('content-type', 'text/html; charset=utf-8');
    expect(shown.text).toContain('5.00 USD');
    expect(shown.text).toContain('<form method="post">');
    const paid = await supertest(theApp()).post(at).set(identity(nobody)).type('form').send('').expect(200);
    expect(paid.text).toContain('<strong id="state">paid</strong>');
    expect(paid.text).not.toContain('<script>');
    expect((await get(who, `/deposits/${id}`)).body).toMatchObject({ status: 'credited' });
    await supertest(theApp()).post(at).set(identity(nobody)).expect(200);
    const { rows } = await query('SELECT posted FROM platform.wallet WHERE account_id = $1', [who.accountId]);
    expect(rows).toEqual([{ posted: '50000' }]);
  });

  it('is 404 for an unknown token', async () => {
    await supertest(theApp())
      .get(`/sandbox/pay/${'x'.repeat(32)}`)
      .set(identity(nobody))
      .expect(404);
  });
});
