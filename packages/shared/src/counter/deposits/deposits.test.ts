// How deposits end without a credit or late, how they are read, and the sandbox provider.
import { until } from '../../testing';
import { cancelDeposit, readDeposit } from './deposits';
import { pollDeposits } from './poller';
import { depositFixture } from './test/deposit-fixture';

const { t, customer, created, find, pay, sendWebhook, pollNow, balanceOf, invoicesAtProvider } = depositFixture();

describe('expiry', () => {
  it('closes an unpaid deposit when the provider says that it expired', async () => {
    const deposit = await created(await customer());
    t.double.faults.clockOffsetS = 3_700;
    t.clock.shiftMs = 3_700_000;
    await pollNow();
    expect((await find(deposit.id)).state).toBe('expired');
  });

  it('credits a payment that arrives after the end, by webhook or by poller', async () => {
    const who = await customer();
    const [first, second] = [await created(who), await created(who)];
    t.double.faults.clockOffsetS = 3_700;
    t.double.faults.latePayment = true;
    t.clock.shiftMs = 3_700_000;
    await pollNow();
    await pay(first);
    await pay(second);
    await sendWebhook(first);
    expect(await find(first.id)).toMatchObject({ state: 'credited', isLate: true });
    await pollNow();
    expect(await find(second.id)).toMatchObject({ state: 'credited', isLate: true });
    expect(await balanceOf(who)).toBe(103_000n);
  });
});

describe('cancel', () => {
  it('deletes the invoice at the provider; a second call does no harm', async () => {
    const deposit = await created(await customer());
    expect(await cancelDeposit(t.deps, { kind: 'all' }, deposit.id)).toMatchObject({ state: 'cancelled' });
    expect(await cancelDeposit(t.deps, { kind: 'all' }, deposit.id)).toMatchObject({ state: 'cancelled' });
    expect(await invoicesAtProvider()).toBe(0);
  });

  it('answers the credited deposit when the payment was faster', async () => {
    const who = await customer();
    const deposit = await created(who);
    await pay(deposit);
    expect(await cancelDeposit(t.deps, { kind: 'all' }, deposit.id)).toMatchObject({ state: 'credited' });
    expect(await balanceOf(who)).toBe(51_500n);
    await expect(cancelDeposit(t.deps, { kind: 'all' }, deposit.id)).rejects.toMatchObject({ code: 'state_conflict' });
  });

  it('loses no money when cancel, payment, webhook and poller run at once', async () => {
    const who = await customer();
    const deposits = await Promise.all(Array.from({ length: 6 }, () => created(who)));
    await Promise.all(
      deposits.map(async (deposit) => {
        await Promise.allSettled([
          cancelDeposit(t.deps, { kind: 'all' }, deposit.id),
          pay(deposit).then(() => sendWebhook(deposit)),
          pollDeposits(t.deps),
        ]);
      }),
    );
    await pollNow();
    const after = await Promise.all(deposits.map((deposit) => find(deposit.id)));
    const paid = await t.cryptobot.lookUpMany(deposits.map((deposit) => deposit.providerInvoiceId ?? ''));
    if (paid.kind !== 'read') throw new Error('unavailable');
    for (const deposit of after)
      expect(deposit.state).toBe(
        paid.invoices.get(deposit.providerInvoiceId ?? '')?.state === 'paid' ? 'credited' : 'cancelled',
      );
    expect(await balanceOf(who)).toBe(BigInt(after.filter((deposit) => deposit.state === 'credited').length) * 51_500n);
  });

  it('changes nothing when the provider cannot cancel', async () => {
    const deposit = await created(await customer());
    t.double.faults.callsFail = 1;
    await expect(cancelDeposit(t.deps, { kind: 'all' }, deposit.id)).rejects.toMatchObject({
      code: 'service_unavailable',
    });
    expect((await find(deposit.id)).state).toBe('pending');
  });

  it('finds only deposits within the reach', async () => {
    const deposit = await created(await customer());
    const stranger = await customer();
    await expect(
      cancelDeposit(t.deps, { kind: 'account', accountId: stranger.accountId }, deposit.id),
    ).rejects.toMatchObject({ code: 'not_found' });
    await expect(
      readDeposit(t.deps, { kind: 'account', accountId: stranger.accountId }, deposit.id, 0),
    ).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('reading', () => {
  it('waits for the credit, and asks the provider when no other process did', async () => {
    const who = await customer();
    const deposit = await created(who);
    const waiting = readDeposit(t.deps, { kind: 'all' }, deposit.id, 30);
    await pay(deposit);
    await t.owner.query('UPDATE platform.deposit SET checked_at = NULL WHERE id = $1', [deposit.id]);
    expect(await waiting).toMatchObject({ state: 'credited' });
  });
});

describe('the sandbox provider', () => {
  it("is paid on its page once, and the poller credits even when the page's process died in between", async () => {
    const who = await customer();
    const deposit = await created(who, { provider: t.sandbox });
    const token = deposit.payUrl?.split('/').at(-1) ?? '';
    expect(token).toMatch(/^[\w-]{32}$/);
    expect(await t.sandbox.pay('x'.repeat(32))).toBeNull();
    expect(await t.sandbox.pay(token)).toMatchObject({ state: 'paid' });
    expect(await balanceOf(who)).toBe(0n);
    await pollNow();
    expect(await balanceOf(who)).toBe(51_500n);
    expect(await t.sandbox.pay(token)).toMatchObject({ state: 'paid' });
    await pollNow();
    expect(await balanceOf(who)).toBe(51_500n);
  });

  it('cannot be paid after it was cancelled or has expired', async () => {
    const who = await customer();
    const [cancelled, expired] = [
      await created(who, { provider: t.sandbox }),
      await created(who, { provider: t.sandbox }),
    ];
    await cancelDeposit(t.deps, { kind: 'all' }, cancelled.id);
    await t.owner.query(`UPDATE platform.sandbox_invoice SET expires_at = now() WHERE deposit_id = $1`, [expired.id]);
    for (const deposit of [cancelled, expired]) await t.sandbox.pay(deposit.payUrl?.split('/').at(-1) ?? '');
    await until(async () => {
      await pollNow();
      return (await find(expired.id)).state === 'expired';
    });
    expect(await balanceOf(who)).toBe(0n);
  });
});
