// The double over real HTTP: its API and its pay page.
import { FIVE_USD, TOKEN, call, start } from './test/double';

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
