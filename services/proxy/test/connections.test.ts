// The list of connections that nodes report: who sees which, how many are kept, and that usage never waits for it.
import pg from 'pg';
import { newId } from '@lumi/shared/contract';
import { FixedClock } from '@lumi/shared/runtime';
import type { TestAccount } from '@lumi/shared/testing';
import { forgetOldReports } from '../src/jobs/forget-reports';
import { nodeClient } from './node-client';
import { NOW, owner, proxyTest } from './proxy-service';

const clock = new FixedClock(NOW);
const lumi = proxyTest(clock);
const { register, exchange } = nodeClient(lumi);

const AT = '2026-11-24T11:59:58.250Z';
const report = (subject: string, more: object = {}) => ({
  id: newId('cnx', NOW),
  subject,
  at: AT,
  client: '192.0.2.7',
  protocol: 'http',
  target: 'example.com',
  exit: '127.64.0.1',
  up: 100,
  down: 2_000,
  ms: 1_750,
  refusal: null,
  ...more,
});

let epoch = 0;
let seq = 0;
beforeAll(async () => {
  ({ epoch } = await register());
});
const send = async (connections: readonly unknown[], more: object = {}) => {
  seq += 1;
  return exchange(epoch, seq, { connections, ...more });
};
const list = async (who: TestAccount, query = ''): Promise<Record<string, unknown>[]> => {
  const { status, body } = await lumi.get(who, `/connections${query}`);
  expect(status).toBe(200);
  return body.items as Record<string, unknown>[];
};
const count = async (who: TestAccount): Promise<unknown> =>
  (
    await lumi.service.db.pool.query(`SELECT count(*)::int AS count FROM proxy.connection WHERE account_id = $1`, [
      who.accountId,
    ])
  ).rows[0];

async function traffic(): Promise<{ who: TestAccount; plan: string; sub: string }> {
  const who = await lumi.account({ balance: '1000' });
  const { id: plan } = (await lumi.pay(who, '/traffic-plans', { pool: 'dc_pool', gb: 5 })).body.plan as { id: string };
  const made = await lumi.send(who, 'post', '/subusers', { traffic_plan_id: plan, limit_gb: 1 });
  return { who, plan, sub: (made.body as { id: string }).id };
}

describe('GET /connections', () => {
  it('shows what a node reported, once, to its owner alone', async () => {
    const { who, body } = await lumi.buyer();
    const proxy = body.proxies[0]?.id ?? '';
    const one = report(proxy);
    const refused = report(proxy, { target: null, exit: null, up: 0, down: 0, ms: 0, refusal: 'credentials' });
    expect((await send([one])).status).toBe(200);
    await send([one, refused]);
    const common = {
      proxy_id: proxy,
      traffic_plan_id: null,
      subuser_id: null,
      client_ip: '192.0.2.7',
      protocol: 'http',
      at: AT,
    };
    expect(await list(who)).toEqual([
      {
        ...common,
        id: refused.id,
        target: null,
        exit_ip: null,
        bytes_up: 0,
        bytes_down: 0,
        duration_ms: 0,
        error: 'credentials',
      },
      {
        ...common,
        id: one.id,
        target: 'example.com',
        exit_ip: '127.64.0.1',
        bytes_up: 100,
        bytes_down: 2_000,
        duration_ms: 1_750,
        error: null,
      },
    ]);
    const other = await lumi.account();
    expect(await list(other)).toEqual([]);
    expect(await list(other, `?proxy_id=${proxy}`)).toEqual([]);
  });

  it('filters by proxy, plan with its sub-users, sub-user, word and time, and pages', async () => {
    const { who, plan, sub } = await traffic();
    const [a, b, c, d] = [
      report(plan),
      report(sub, { refusal: 'blocked' }),
      report(plan, { refusal: 'quota', at: '2026-11-24T11:00:00Z' }),
      report(sub, { protocol: 'socks5', exit: '2001:db8::1' }),
    ] as const;
    await send([a, b]);
    await send([c, d]);
    const ids = async (query: string) => (await list(who, query)).map(({ id }) => id);
    expect(await ids(`?plan_id=${plan}`)).toEqual([d.id, c.id, b.id, a.id]);
    expect(await ids(`?subuser_id=${sub}`)).toEqual([d.id, b.id]);
    expect(await ids(`?plan_id=${plan}&subuser_id=${sub}&error=none`)).toEqual([d.id]);
    expect(await ids('?proxy_id=prx_unknown')).toEqual([]);
    expect(await ids('?error=any')).toEqual([c.id, b.id]);
    expect(await ids('?error=quota')).toEqual([c.id]);
    expect(await ids('?from=2026-11-24T11:30:00Z')).toEqual([d.id, b.id, a.id]);
    expect((await list(who, '?error=none'))[0]).toMatchObject({
      proxy_id: null,
      traffic_plan_id: plan,
      subuser_id: sub,
      protocol: 'socks5',
      exit_ip: '2001:db8::1',
    });
    const first = (await lumi.get(who, '/connections?limit=3')).body;
    expect(first).toMatchObject({ has_more: true });
    const rest = (await lumi.get(who, `/connections?limit=3&cursor=${String(first.next_cursor)}`)).body;
    expect([...first.items, ...rest.items].map(({ id }: { id: string }) => id)).toEqual([d.id, c.id, b.id, a.id]);
    expect(rest).toMatchObject({ has_more: false });
    for (const bad of ['error=nothing', 'from=yesterday', 'subject=x', 'proxy_id='])
      expect([bad, (await lumi.get(who, `/connections?${bad}`)).status]).toEqual([bad, 422]);
  });

  it('has nothing of subjects that nobody knows, and a report that cannot be read holds up no usage', async () => {
    const { who, plan } = await traffic();
    const line = {
      subject: plan,
      hour: '2026-11-24T12:20:00Z',
      country: 'DE',
      target: 'example.com',
      up: 0,
      down: 1_000_000_000,
      requests: 1,
      errors: 0,
    };
    const good = report(plan);
    const wrong = [
      null,
      'x',
      report('tpl_nobody'),
      report(plan, { client: 'somewhere' }),
      report(plan, { refusal: 'invented' }),
      report(plan, { ms: -1 }),
      report(plan, { id: 'cnx_1' }),
      report(plan, { target: '\u0000' }),
    ];
    expect((await send([...wrong.slice(0, 7), good], { lines: [line] })).status).toBe(200);
    expect((await list(who)).map(({ id }) => id)).toEqual([good.id]);
    // PostgreSQL keeps no NUL: the whole list is lost, and the usage is not.
    expect((await send([wrong[7]], { lines: [line] })).status).toBe(200);
    expect((await exchange(epoch, (seq += 1), { connections: 'none', lines: [line] })).status).toBe(200);
    expect((await lumi.get(who, `/traffic-plans/${plan}`)).body).toMatchObject({ gb_used: 3 });
  });

  it('keeps the last 10,000 of an account, and takes 1,000 with one exchange', async () => {
    const { who, plan } = await traffic();
    const { who: other, plan: others } = await traffic();
    await send([report(others)]);
    await owner(
      lumi,
      `INSERT INTO proxy.connection (id, account_id, subject, plan_id, node_id, at, client, protocol, bytes_up,
        bytes_down, ms) SELECT 'cnx_' || n, $1, $2, $2, 'n', now(), '192.0.2.1', 'http', 0, 0, 0
        FROM generate_series(1, 9500) n`,
      [who.accountId, plan],
    );
    await owner(lumi, `INSERT INTO proxy.connection_count VALUES ($1, 9500)`, [who.accountId]);
    const many = Array.from({ length: 1_001 }, () => report(plan));
    await send(many);
    expect(await count(who)).toEqual({ count: 10_000 });
    expect((await list(who, '?limit=1'))[0]).toMatchObject({ id: many[999]?.id });
    await send([report(plan)]);
    expect(await count(who)).toEqual({ count: 10_000 });
    expect(await count(other)).toEqual({ count: 1 });
    const { rows } = await lumi.service.db.pool.query(
      `SELECT id FROM proxy.connection WHERE account_id = $1 ORDER BY seq LIMIT 1`,
      [who.accountId],
    );
    expect(rows).toEqual([{ id: 'cnx_502' }]);
  });

  it('keeps them for seven days, and deletes in steps of few rows', async () => {
    const { who, plan } = await traffic();
    await send(Array.from({ length: 13 }, () => report(plan)));
    await owner(
      lumi,
      `UPDATE proxy.connection SET at = now() - CASE WHEN id = (SELECT min(id) FROM proxy.connection WHERE
        account_id = $1) THEN interval '167 hours' ELSE interval '169 hours' END WHERE account_id = $1`,
      [who.accountId],
    );
    await owner(lumi, `UPDATE proxy.connection SET at = now() WHERE account_id <> $1`, [who.accountId]);
    const step = () => forgetOldReports(lumi.deps(), 10);
    expect([await step(), await count(who)]).toEqual([true, { count: 3 }]);
    expect([await step(), await count(who)]).toEqual([false, { count: 1 }]);
    await send([report(plan)]);
    // The number beside them, by which the writer keeps to the bound, has followed.
    const client = new pg.Client({ connectionString: lumi.database.ownerUrl });
    await client.connect();
    const { rows } = await client
      .query('SELECT rows::int FROM proxy.connection_count WHERE account_id = $1', [who.accountId])
      .finally(() => client.end());
    expect(rows).toEqual([{ rows: 2 }]);
  });
});
