// What another account sees of an account's proxies, and exits that change at the network by themselves.
import { FixedClock } from '@lumi/shared/runtime';
import { NOW, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);
const MOBILE = { product_id: 'mobile', items: [{ country: 'XA', quantity: 1 }], period_days: 3 };

afterEach(async () => expect(await lumi.audit()).toEqual([]));

describe('another account', () => {
  it('gets the same 404 for ids of this account and for unknown ids', async () => {
    const { body } = await lumi.buyer(MOBILE);
    const stranger = await lumi.account();
    const foreign = body.proxies[0]?.id ?? '';
    const unknown = `prx_${'0'.repeat(24)}`;
    const shape = (text: string): string => text.replace(/req_[0-9a-z]{24}/g, 'req');
    const calls: ((id: string) => ReturnType<typeof lumi.get>)[] = [
      (id) => lumi.get(stranger, `/proxies/${id}`),
      (id) => lumi.send(stranger, 'patch', `/proxies/${id}`, { label: 'a' }),
      (id) => lumi.send(stranger, 'post', `/proxies/${id}/rotate`),
      (id) => lumi.send(stranger, 'put', `/proxies/${id}/rotation`, { interval_s: 600 }),
      (id) => lumi.send(stranger, 'put', `/proxies/${id}/credentials`, {}),
      (id) => lumi.send(stranger, 'post', `/proxies/${id}/credentials/rotate`, {}),
      (id) => lumi.get(stranger, `/proxies/${id}/allowlist`),
      (id) => lumi.send(stranger, 'post', `/proxies/${id}/allowlist`, { ip_or_cidr: '192.0.2.1' }),
      (id) => lumi.pay(stranger, '/proxies/replace', { select: { proxy_ids: [id] } }),
      (id) => lumi.send(stranger, 'post', '/proxies/check', { proxy_ids: [id] }),
      (id) =>
        lumi.pay(stranger, `/orders/${id === foreign ? body.order.id : `ord_${'0'.repeat(24)}`}/renew`, {
          period_days: 3,
          current_expires_at: '2026-11-27T12:00:00Z',
        }),
    ];
    for (const call of calls) {
      const [theirs, nobodys] = [await call(foreign), await call(unknown)];
      expect(theirs.status).toBe(404);
      expect(shape(theirs.text)).toBe(shape(nobodys.text));
    }
    expect((await lumi.get(stranger, '/proxies')).body.items).toEqual([]);
    expect((await lumi.get(stranger, '/export')).text).toBe('');
  });
});

describe('another exit address', () => {
  it('changes the fields that follow from the address', async () => {
    const { who, body } = await lumi.buyer(MOBILE);
    const id = body.proxies[0]?.id ?? '';
    const before = (await lumi.get(who, `/proxies/${id}`)).body;
    const network = lumi.deps().networks.get('sandbox');
    const rotate = network.rotate.bind(network);
    const spy = jest.spyOn(network, 'rotate').mockImplementationOnce(async (...asked) => {
      const outcome = await rotate(...asked);
      return outcome.kind === 'done'
        ? {
            ...outcome,
            result: { ...outcome.result, exit: { ...outcome.result.exit, city: 'Otherville', asn: 64999 } },
          }
        : outcome;
    });
    const { new_ip: first } = (await lumi.send(who, 'post', `/proxies/${id}/rotate`)).body as { new_ip: string };
    spy.mockRestore();
    expect((await lumi.get(who, `/proxies/${id}`)).body).toMatchObject({
      exit_ip: first,
      subnet: first.replace(/\d+$/, '0/24'),
      country: 'XA',
      city: 'Otherville',
      asn: 64999,
    });
    clock.advance(61_000);
    const { new_ip: address } = (await lumi.send(who, 'post', `/proxies/${id}/rotate`)).body as { new_ip: string };
    const after = (await lumi.get(who, `/proxies/${id}`)).body;
    expect(after).toMatchObject({
      exit_ip: address,
      subnet: address.replace(/\d+$/, '0/24'),
      city: 'Testville',
      asn: 64601,
    });
    expect((await lumi.get(who, `/proxies?subnet=${String(after.subnet)}`)).body.items).toMatchObject([{ id }]);
    expect((await lumi.get(who, `/proxies?subnet=${String(before.subnet)}`)).body.items).toEqual([]);
  });
});
