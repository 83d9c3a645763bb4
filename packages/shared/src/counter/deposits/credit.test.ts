// A payment is credited once, in every case.
import { signBody } from '@lumi/crypto-pay-double';
import { newId } from '../../ground/contract';
import { parseUsd } from '../../ground/money';
import { CRYPTO_PAY_SIGNATURE_HEADER } from './crypto-pay';
import { creditDeposit } from './deposit-store';
import { cancelDeposit, readDeposit, takeWebhook } from './deposits';
import { pollDeposits } from './poller';
import { depositFixture } from './test/deposit-fixture';

const { t, customer, created, find, pay, webhookFor, sendWebhook, pollNow, balanceOf } = depositFixture();

describe('credit', () => {
  it('is the requested amount, for every asset and rate it was paid with, and happens once', async () => {
    const who = await customer();
    const deposit = await created(who);
    await pay(deposit, 'TON');
    expect(await sendWebhook(deposit)).toBe('taken');
    expect(await find(deposit.id)).toMatchObject({ state: 'credited', paidAsset: 'TON', isLate: false });
    expect(await balanceOf(who)).toBe(51_500n);
    const { rows } = await t.owner.query('SELECT fee_asset, fee_amount FROM platform.deposit WHERE id = $1', [
      deposit.id,
    ]);
    expect(rows[0]).toEqual({ fee_asset: 'TON', fee_amount: '0.04828125' });
    const { rows: events } = await t.owner.query('SELECT type, data FROM platform.event WHERE subject = $1', [
      deposit.id,
    ]);
    expect(events).toEqual([
      { type: 'deposit.credited', data: expect.objectContaining({ amount_usd: '5.15', status: 'credited' }) },
    ]);
  });

  it('happens once with duplicate webhooks, the poller and readers at the same time', async () => {
    const who = await customer();
    const deposits = await Promise.all(Array.from({ length: 5 }, () => created(who)));
    for (const deposit of deposits) await pay(deposit);
    await t.owner.query('UPDATE platform.deposit SET wake_at = now(), checked_at = NULL WHERE wake_at IS NOT NULL');
    await Promise.all(
      deposits.flatMap((deposit) => [
        ...Array.from({ length: 5 }, () => sendWebhook(deposit)),
        pollDeposits(t.deps),
        pollDeposits(t.deps),
        readDeposit(t.deps, { kind: 'all' }, deposit.id, 0),
        readDeposit(t.deps, { kind: 'all' }, deposit.id, 0),
        cancelDeposit(t.deps, { kind: 'all' }, deposit.id).catch((err: unknown) =>
          expect(err).toMatchObject({ code: 'state_conflict' }),
        ),
      ]),
    );
    for (const deposit of deposits) expect((await find(deposit.id)).state).toBe('credited');
    expect(await balanceOf(who)).toBe(5n * 51_500n);
    await Promise.all(deposits.map(sendWebhook));
    await pollNow();
    expect(await balanceOf(who)).toBe(5n * 51_500n);
  });

  it('finds a payment whose webhook never came', async () => {
    const who = await customer();
    const deposit = await created(who);
    await pay(deposit);
    await pollNow();
    expect(await balanceOf(who)).toBe(51_500n);
  });

  it('does not trust a webhook: an unpaid invoice is not credited', async () => {
    const who = await customer();
    const deposit = await created(who);
    expect(await sendWebhook(deposit)).toBe('taken');
    expect((await find(deposit.id)).state).toBe('pending');
    expect(await balanceOf(who)).toBe(0n);
  });

  it('ignores a webhook with a wrong signature', async () => {
    const who = await customer();
    const deposit = await created(who);
    await pay(deposit);
    const { body } = webhookFor(deposit);
    expect(
      await takeWebhook(t.deps, t.cryptobot, body, { [CRYPTO_PAY_SIGNATURE_HEADER]: signBody('2:another', body) }),
    ).toBe('forged');
    expect(await takeWebhook(t.deps, t.cryptobot, body, {})).toBe('forged');
    expect(await takeWebhook(t.deps, t.sandbox, body, {})).toBe('forged');
    expect(await balanceOf(who)).toBe(0n);
    await pollNow();
  });

  it('waits for the poller when the provider cannot be read after a webhook', async () => {
    const who = await customer();
    const deposit = await created(who);
    await pay(deposit);
    t.double.faults.callsFail = 1;
    expect(await sendWebhook(deposit)).toBe('taken');
    expect(await balanceOf(who)).toBe(0n);
    await pollDeposits(t.deps); // woken by the webhook: due at once
    expect(await balanceOf(who)).toBe(51_500n);
  });

  it('answers an error to a webhook for an unknown deposit, so that it is sent again', async () => {
    t.double.faults.callsFail = 1;
    expect(
      await sendWebhook({ ...(await created(await customer(), { provider: t.sandbox })), providerInvoiceId: '4242' }),
    ).toBe('later');
  });

  it('ignores an invoice that is not ours', async () => {
    const foreign = await t.cryptobot.create({ depositId: 'something else', amount: parseUsd('9'), expiresInS: 60 });
    if (foreign.kind !== 'done') throw new Error('no invoice');
    const deposit = {
      ...(await created(await customer(), { provider: t.sandbox })),
      providerInvoiceId: foreign.invoice.providerInvoiceId,
    };
    await pay(deposit);
    expect(await sendWebhook(deposit)).toBe('taken');
  });

  it('is refused for an invoice that differs from the requested one, and an operator is notified', async () => {
    const who = await customer();
    const deposit = await created(who);
    const cheap = await t.cryptobot.create({ depositId: deposit.id, amount: parseUsd('0.01'), expiresInS: 60 });
    if (cheap.kind !== 'done') throw new Error('no invoice');
    await pay({ ...deposit, providerInvoiceId: cheap.invoice.providerInvoiceId });
    expect(await sendWebhook({ ...deposit, providerInvoiceId: cheap.invoice.providerInvoiceId })).toBe('taken');
    expect((await find(deposit.id)).state).toBe('disputed');
    expect(await balanceOf(who)).toBe(0n);
  });

  it('is refused by the database with another invoice, a second time, or by editing the row', async () => {
    const who = await customer();
    const deposit = await created(who);
    const payment = { paidAt: new Date(), asset: null, amount: null, feeAsset: null, fee: null };
    const credit = (providerInvoiceId: string) =>
      creditDeposit(t.db.platform, {
        deposit,
        providerInvoiceId,
        transferId: newId('trf', Date.now()),
        eventId: newId('evt', Date.now()),
        description: 'x',
        payment,
      });
    expect(await credit('1')).toBe('refused');
    expect(await Promise.all(Array.from({ length: 8 }, () => credit(deposit.providerInvoiceId ?? '')))).toEqual(
      expect.arrayContaining(['credited', 'already']),
    );
    expect(await balanceOf(who)).toBe(51_500n);
    await expect(
      t.owner.query(`UPDATE platform.deposit SET state = 'pending', settled_at = NULL, wake_at = now() WHERE id = $1`, [
        deposit.id,
      ]),
    ).rejects.toThrow(/cannot change/);
    await expect(t.owner.query('DELETE FROM platform.deposit')).rejects.toThrow(/append-only/);
    await expect(t.db.pool.query(`UPDATE platform.deposit SET amount = 1`)).rejects.toThrow(/permission denied/);
  });
});
