// Two workers that are killed again and again: nothing is lost, and what was noted as taken is not sent again.
import { setTimeout } from 'node:timers/promises';
import { until } from '../../testing';
import { webhookFixture } from './test/webhook-fixture';

const { api, work, receiver, hook, emit } = webhookFixture({
  settings: { WEBHOOK_RETRY_S: '0,0,0,0,0,0,0,0,0,0', WEBHOOK_TIMEOUT_MS: '500' },
});

interface Row {
  readonly event_id: string;
  readonly state: string;
  readonly attempt_count: number;
  readonly noted: number;
  readonly taken: number;
  readonly last: number;
}

it('1,000 events with two workers killed at random: each arrives, and a repeat was not noted as taken', async () => {
  const to = await receiver(async () => {
    await setTimeout(5);
    return 200;
  });
  const ids: string[] = [];
  for (let i = 0; i < 20; i += 1) {
    const who = await api.account();
    await hook(who, to.url);
    ids.push(...(await emit(who.accountId, 50)));
  }
  const workers = [work(), work()];
  for (let kill = 1; kill <= 4; kill += 1) {
    const came = Math.round(150 * kill + Math.random() * 50);
    await until(() => to.received.length >= came, { timeoutMs: 30_000, everyMs: 2 });
    const place = kill % 2;
    await workers[place]?.abandon();
    workers[place] = work();
  }
  const rows = await until(
    async () => {
      const { rows: found } = await api.service.admin.pool.query<Row>(
        `SELECT d.event_id, d.state, d.attempt_count, count(a.number)::int AS noted, max(a.number) AS last,
            count(*) FILTER (WHERE a.status = 200)::int AS taken
          FROM platform.webhook_delivery d LEFT JOIN platform.webhook_attempt a
            ON a.webhook_id = d.webhook_id AND a.delivery_id = d.id
          GROUP BY d.event_id, d.state, d.attempt_count`,
      );
      return found.length === 1_000 && found.every(({ state }) => state === 'delivered') && found;
    },
    { timeoutMs: 60_000, everyMs: 200 },
  );
  const arrivals = new Map<string, number>();
  for (const { headers } of to.received) {
    const id = String(headers['webhook-id']);
    arrivals.set(id, (arrivals.get(id) ?? 0) + 1);
  }
  expect([...arrivals.keys()].sort()).toEqual(ids.sort());
  for (const { event_id, attempt_count, taken, last } of rows) {
    // The attempt that was taken is noted once, and is the last one.
    expect([event_id, taken, last]).toEqual([event_id, 1, attempt_count]);
    expect(arrivals.get(event_id)).toBeLessThanOrEqual(attempt_count);
  }
  const lost = rows.reduce((sum, { attempt_count, noted }) => sum + attempt_count - noted, 0);
  const repeats = to.received.length - 1_000;
  expect(lost).toBeGreaterThan(0);
  expect(repeats).toBeLessThanOrEqual(rows.reduce((sum, { attempt_count }) => sum + attempt_count - 1, 0));
}, 100_000);
