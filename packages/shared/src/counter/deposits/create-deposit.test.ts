// Creating a deposit: no second invoice is made, whatever the provider does to a request.
import { parseUsd } from '../../ground/money';
import { CryptoPay } from './crypto-pay';
import { createDeposit } from './deposits';
import { depositFixture, TOKEN } from './test/deposit-fixture';

const {
  t,
  customer,
  requestOf,
  created,
  bodyOf,
  find,
  pay,
  sendWebhook,
  pollNow,
  balanceOf,
  invoicesAtProvider,
  blindOf,
  providerInvoiceIds,
} = depositFixture();

describe('making a deposit', () => {
  it('answers with the pay link, and a repeat gets the same bytes without a second invoice', async () => {
    const who = await customer();
    const first = await createDeposit(t.deps, requestOf(who, { key: 'deposit-1' }));
    expect(first).toMatchObject({ status: 201, replayOf: null });
    expect(bodyOf(first)).toMatchObject({
      status: 'pending',
      amount_usd: '5.15',
      provider: 'cryptobot',
      product: 'domains',
    });
    expect(bodyOf(first).pay_url).toMatch(/\/pay\/IV/);
    const again = await createDeposit(t.deps, requestOf(who, { key: 'deposit-1' }));
    expect(again.replayOf).not.toBeNull();
    expect(Buffer.from(again.bytes).equals(first.bytes)).toBe(true);
    expect(await invoicesAtProvider()).toBe(1);
  });

  it('executes one of many identical requests', async () => {
    const who = await customer();
    const answers = await Promise.allSettled(
      Array.from({ length: 20 }, () => createDeposit(t.deps, requestOf(who, { key: 'deposit-1' }))),
    );
    for (const answer of answers) {
      if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'in_progress' });
    }
    expect(answers.some((answer) => answer.status === 'fulfilled')).toBe(true);
    expect(await invoicesAtProvider()).toBe(1);
  });

  it('refuses the same key for another amount', async () => {
    const who = await customer();
    await createDeposit(t.deps, requestOf(who, { key: 'deposit-1' }));
    await expect(createDeposit(t.deps, requestOf(who, { key: 'deposit-1', amount: '6' }))).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
  });

  it('refuses a revoked key', async () => {
    await expect(createDeposit(t.deps, requestOf(await customer({ revoked: true })))).rejects.toMatchObject({
      code: 'invalid_key',
    });
  });

  it('is refused when the daily cap is reached, and never counts as spend', async () => {
    const who = await customer({ dailyCap: parseUsd('10') });
    await created(who, { amount: '50' });
    await created(who, { amount: '50' });
    const { rowCount } = await t.owner.query('SELECT 1 FROM platform.daily_spend WHERE lineage_id = $1', [
      who.principal.lineageId,
    ]);
    expect(rowCount).toBe(0);
    const capped = await customer({ dailyCap: 0n });
    await expect(createDeposit(t.deps, requestOf(capped, { key: 'deposit-1' }))).rejects.toMatchObject({
      code: 'daily_cap_exceeded',
    });
    await t.owner.query('UPDATE platform.api_key SET daily_cap = NULL WHERE id = $1', [capped.principal.keyId]);
    // nothing was stored
    expect((await createDeposit(t.deps, requestOf(capped, { key: 'deposit-1' }))).status).toBe(201);
  });

  it('releases the key when the provider is down, because nothing happened', async () => {
    const who = await customer();
    const away = new CryptoPay({ url: 'http://127.0.0.1:1', token: TOKEN });
    await expect(createDeposit(t.deps, requestOf(who, { key: 'deposit-1', provider: away }))).rejects.toMatchObject({
      code: 'service_unavailable',
    });
    await away.close();
    expect((await createDeposit(t.deps, requestOf(who, { key: 'deposit-1' }))).status).toBe(201);
  });

  it('stores a refusal of the provider as the answer', async () => {
    const who = await customer();
    const request = { key: 'deposit-1', provider: t.sandbox, asset: 'TEST_REFUSED' };
    const answer = await createDeposit(t.deps, requestOf(who, request));
    expect(answer.status).toBe(502);
    const again = await createDeposit(t.deps, requestOf(who, request));
    expect(again.replayOf).not.toBeNull();
    expect(Buffer.from(again.bytes).equals(answer.bytes)).toBe(true);
  });
});

describe('a create whose answer is lost', () => {
  it('is found at once by our id when the invoice was made', async () => {
    t.double.faults.createHangsAfterSuccess = 1;
    const answer = await createDeposit(t.deps, requestOf(await customer()));
    expect(answer.status).toBe(201);
    expect(await invoicesAtProvider()).toBe(1);
  });

  it('is 202 while the provider cannot say, then 201 for every repeat, with one invoice', async () => {
    const who = await customer();
    t.double.faults.createFailsAfterSuccess = 1;
    const blind = new Proxy(t.cryptobot, {
      get: (target, name: keyof CryptoPay) =>
        name === 'lookUp' ? async () => ({ kind: 'unavailable', cause: new Error('no answer') }) : target[name],
    });
    const first = await createDeposit(t.deps, { ...requestOf(who, { key: 'deposit-1' }), provider: blindOf(blind) });
    expect(first.status).toBe(202);
    expect(bodyOf(first)).toMatchObject({ status: 'created', pay_url: null });
    await expect(createDeposit(t.deps, requestOf(who, { key: 'deposit-1' }))).rejects.toMatchObject({
      code: 'in_progress',
    });
    await pollNow();
    const again = await createDeposit(t.deps, requestOf(who, { key: 'deposit-1' }));
    expect(again).toMatchObject({ status: 201 });
    expect(bodyOf(again)).toMatchObject({ id: bodyOf(first).id, status: 'pending' });
    expect(await invoicesAtProvider()).toBe(1);
  });

  it('stays open while the invoice may still be made, and fails when it certainly was not made', async () => {
    const who = await customer();
    t.double.faults.createHangsBefore = 1;
    const first = await createDeposit(t.deps, requestOf(who, { key: 'deposit-1' }));
    expect(first.status).toBe(202);
    await pollNow();
    expect((await find(bodyOf(first).id)).state).toBe('created');
    t.clock.shiftMs = 121_000;
    await pollNow();
    expect((await find(bodyOf(first).id)).state).toBe('failed');
    expect(await createDeposit(t.deps, requestOf(who, { key: 'deposit-1' }))).toMatchObject({ status: 502 });
    expect(await invoicesAtProvider()).toBe(0);
  });

  it('is opened and credited by the webhook when the payer is faster than the poller', async () => {
    const who = await customer();
    t.double.faults.createFailsAfterSuccess = 1;
    const blind = blindOf(
      new Proxy(t.cryptobot, {
        get: (target, name: keyof CryptoPay) =>
          name === 'lookUp' ? async () => ({ kind: 'unavailable', cause: new Error('no answer') }) : target[name],
      }),
    );
    const first = await createDeposit(t.deps, { ...requestOf(who, { key: 'deposit-1' }), provider: blind });
    const [invoice] = await providerInvoiceIds();
    const deposit = { ...(await find(bodyOf(first).id)), providerInvoiceId: invoice ?? null };
    await pay(deposit);
    expect(await sendWebhook(deposit)).toBe('taken');
    expect((await find(deposit.id)).state).toBe('credited');
    expect(await balanceOf(who)).toBe(51_500n);
    expect(bodyOf(await createDeposit(t.deps, requestOf(who, { key: 'deposit-1' })))).toMatchObject({
      id: deposit.id,
      status: 'pending',
    });
  });
});
