// Traffic: plans, top-ups, generated strings, and usage that is counted once.
import { FixedClock } from '@lumi/shared/runtime';
import { formatUsd } from '@lumi/shared/money';
import { collectUsage } from '../src/jobs/collect-usage';
import { pushAccess } from '../src/jobs/push-access';
import { takeBatch } from '../src/store/batches';
import { METER_BYTES_DOWN, METER_BYTES_UP } from '../src/supplier/sandbox/meter';
import { NOW, ORDER, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);

async function plan(gb = 10, label?: string) {
  const who = await lumi.account({ balance: '1000' });
  const answer = await lumi.pay(who, '/traffic-plans', {
    pool: 'residential',
    gb,
    ...(label === undefined ? {} : { label }),
  });
  expect(answer.status).toBe(201);
  return { who, id: answer.body.plan.id as string, body: answer.body };
}

afterEach(async () => expect(await lumi.audit()).toEqual([]));

describe('traffic plans', () => {
  it('are bought at the tier of their size and topped up', async () => {
    const { who, id, body } = await plan();
    expect(body.order.money.captured_usd).toBe('29.44');
    expect(body.plan).toMatchObject({
      pool: 'residential',
      gb_total: 10,
      gb_free: 10,
      state: 'active',
      expires_at: '2026-12-24T12:00:00Z',
      password: '********',
    });
    clock.advance(5 * 86_400_000);
    const topUp = await lumi.pay(who, `/traffic-plans/${id}/topup`, { gb: 5 });
    expect(topUp.body).toMatchObject({ traffic_plan_id: id, gb_added: 5, order: { money: { captured_usd: '16.00' } } });
    expect((await lumi.get(who, `/traffic-plans/${id}`)).body).toMatchObject({
      gb_total: 15,
      expires_at: '2026-12-29T12:00:00Z',
    });
    expect(formatUsd((await lumi.balance(who.accountId)).available)).toBe('954.56');
    clock.advance(-5 * 86_400_000);
  });

  it.each(['sandbox:timeout-before', 'sandbox:timeout-after', 'sandbox:error-after', 'sandbox:pending'])(
    'settle once when the outcome is unknown (%s)',
    async (label) => {
      const who = await lumi.account({ balance: '10' });
      const answer = await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 2, label });
      expect(answer.status).toBe(202);
      await lumi.recover(3);
      expect((await lumi.get(who, '/traffic-plans')).body.items).toMatchObject([{ gb_total: 2 }]);
      expect(await lumi.executed(answer.body.order.id)).toHaveLength(1);
      expect(formatUsd((await lumi.balance(who.accountId)).available)).toBe('8.90');
    },
  );

  it('are refused when the pool does not exist, or the balance is too low', async () => {
    const who = await lumi.account({ balance: '1' });
    expect((await lumi.pay(who, '/traffic-plans', { pool: 'ipv4', gb: 1 })).body.error.code).toBe('not_available');
    expect((await lumi.pay(who, '/traffic-plans', { pool: 'residential', gb: 1 })).body.error.code).toBe(
      'insufficient_balance',
    );
    expect(
      (await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 1, label: 'sandbox:refuse' })).body.error.code,
    ).toBe('supplier_error');
  });
});

describe('POST /traffic-plans/{id}/generate', () => {
  it('generates strings with places and sessions, and stores nothing', async () => {
    const { who, id } = await plan();
    const shown = (await lumi.get(who, `/traffic-plans/${id}?reveal=1`)).body;
    const answer = await lumi.send(who, 'post', `/traffic-plans/${id}/generate`, {
      country: ['DE', 'US'],
      city: 'berlin',
      session: 'sticky',
      ttl_s: 900,
      quantity: 4,
    });
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    const lines = answer.text.trimEnd().split('\n');
    expect(lines).toHaveLength(4);
    expect(lines[0]).toMatch(
      new RegExp(
        `^${shown.host}:${shown.port}:${shown.username}-country-de-city-berlin-session-[0-9a-f]{12}-ttl-900:${shown.password}$`,
      ),
    );
    expect(lines[1]).toContain('-country-us-');
    expect(new Set(lines).size).toBe(4);
    expect(
      (await lumi.send(who, 'post', `/traffic-plans/${id}/generate`, { format: 'url', protocol: 'socks5' })).text,
    ).toBe(`socks5://${shown.username}:${shown.password}@${shown.host}:${shown.port_socks}\n`);
    expect((await lumi.send(who, 'post', `/traffic-plans/${id}/generate`, { country: ['ZZ'] })).body.error.code).toBe(
      'not_available',
    );
    expect((await lumi.send(who, 'post', `/traffic-plans/${id}/generate`, { ttl_s: 60 })).body.error.code).toBe(
      'validation_error',
    );
  });
});

describe('a template', () => {
  it('is refused for plans and sub-users when it names an address that is not known beforehand', async () => {
    const { who, id } = await plan();
    const subuser_id = (await lumi.send(who, 'post', '/subusers', { traffic_plan_id: id, limit_gb: 1 })).body
      .id as string;
    for (const whose of [{}, { subuser_id }]) {
      const refused = await lumi.send(who, 'post', `/traffic-plans/${id}/generate`, {
        ...whose,
        template: '{user}:{pass}@{ip}:{port}',
      });
      expect([refused.status, refused.body.error.details]).toEqual([
        422,
        [{ path: 'template', message: 'would make no line that works: {ip} is empty for all of them' }],
      ]);
      const lines = await lumi.send(who, 'post', `/traffic-plans/${id}/generate`, {
        ...whose,
        template: '{user}:{pass}@{host}:{port} {city}',
        quantity: 2,
      });
      expect([lines.status, lines.text.trimEnd().split('\n').length, lines.headers['x-lines-left-out']]).toEqual([
        200,
        2,
        undefined,
      ]);
    }
  });
});

describe('usage', () => {
  it('is counted once when it is sent twice, and ends the plan that it exhausts', async () => {
    const { who, id } = await plan(1);
    const sub = (await lumi.send(who, 'post', '/subusers', { traffic_plan_id: id, limit_gb: 1 })).body;
    expect(sub.limit_gb).toBe(1);
    await lumi.send(who, 'post', `/subusers/${sub.id}/reclaim`, {});
    const line = { subject: id, hour: new Date(NOW), country: 'DE', target: 'example.com', requests: 7, errors: 1 };
    const batch = {
      source: 'sandbox',
      epoch: 1,
      seq: 1,
      lines: [{ ...line, up: 100_000_000, down: 900_000_000 }],
    };
    const take = async () => (await takeBatch(lumi.service.db.platform, batch, [], new Date(NOW))).outcome;
    expect(await take()).toBe('taken');
    expect(await take()).toBe('repeated');
    expect((await lumi.get(who, `/traffic-plans/${id}`)).body).toMatchObject({
      state: 'exhausted',
      gb_used: 1,
      gb_free: 0,
    });
    const usage = await lumi.get(who, '/usage?group_by=country&to=2026-11-24T13:00:00Z');
    expect(usage.body).toMatchObject({
      items: [{ key: 'DE', bytes_up: 100_000_000, bytes_down: 900_000_000, requests: 7, errors: 1 }],
      totals: { bytes_down: 900_000_000 },
      next_cursor: null,
      has_more: false,
    });
    expect((await lumi.get(who, '/usage?group_by=day&format=csv&to=2026-11-24T13:00:00Z')).text).toBe(
      'day,bytes_up,bytes_down,requests,errors\r\n2026-11-24,100000000,900000000,7,1\r\n',
    );
    expect((await lumi.get(who, '/usage?from=2025-01-01T00:00:00Z')).body.error.code).toBe('validation_error');
  });

  it('has pages, sorted by most used or by hour, with the totals of all', async () => {
    const { who, id } = await plan(10);
    const used = [
      ['a.example', 5],
      ['b.example', 9],
      ['c.example', 5],
      ['d.example', 1],
    ] as const;
    const lines = used.map(([target, mb], i) => ({
      subject: id,
      hour: new Date(NOW - i * 3_600_000),
      country: 'DE',
      target,
      up: 0,
      down: mb * 1_000_000,
      requests: 1,
      errors: 0,
    }));
    const batch = { source: 'sandbox', epoch: 1, seq: 2, lines };
    expect((await takeBatch(lumi.service.db.platform, batch, [], new Date(NOW))).outcome).toBe('taken');
    const pages = async (query: string): Promise<string[]> => {
      const keys: string[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const { status, body } = await lumi.get(
          who,
          `/usage?${query}&to=2026-11-24T13:00:00Z&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
        );
        expect([status, body.totals]).toEqual([200, { bytes_up: 0, bytes_down: 20_000_000, requests: 4, errors: 0 }]);
        keys.push(...body.items.map(({ key }: { key: string }) => key));
        cursor = body.next_cursor;
      }
      return keys;
    };
    expect(await pages('group_by=target')).toEqual(['b.example', 'a.example', 'c.example', 'd.example']);
    expect(await pages('group_by=hour')).toEqual([
      '2026-11-24T09:00:00Z',
      '2026-11-24T10:00:00Z',
      '2026-11-24T11:00:00Z',
      '2026-11-24T12:00:00Z',
    ]);
    expect((await lumi.get(who, '/usage?group_by=country&from=2026-11-20&to=2026-11-21')).body).toMatchObject({
      items: [],
      totals: { bytes_down: 0 },
      has_more: false,
    });
    expect((await lumi.get(who, '/usage?format=csv&limit=2')).status).toBe(422);
  });

  it('comes from the sandbox’s meter for plans with that label', async () => {
    const { who, body } = await lumi.buyer({
      ...ORDER,
      items: [{ country: 'XA', quantity: 1 }],
      label: 'sandbox:traffic',
    });
    const traffic = await plan(10, 'sandbox:traffic');
    await pushAccess(lumi.deps());
    clock.advance(15 * 60_000);
    await collectUsage(lumi.deps());
    await collectUsage(lumi.deps());
    const mine = await lumi.get(who, '/usage?group_by=proxy');
    expect(mine.body.items).toEqual([
      {
        key: body.proxies[0]?.id,
        bytes_up: 3 * METER_BYTES_UP,
        bytes_down: 3 * METER_BYTES_DOWN,
        requests: 360,
        errors: 3,
      },
    ]);
    expect((await lumi.get(traffic.who, `/traffic-plans/${traffic.id}`)).body.gb_used).toBe(0.15);
    clock.advance(-15 * 60_000);
  });
});
