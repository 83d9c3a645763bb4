// How many requests may wait, and what ends their waiting besides an event.
import { silentLog } from '../../ground/runtime';
import type { SqlRunner } from '../../base/db';
import { until } from '../../testing';
import { EventWatch, type Waiting } from './event-watch';

/** No event ever; `isAway`: no answer either. */
const feed = ({ isAway = false } = {}): SqlRunner =>
  ({ $queryRaw: () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve([])) }) as unknown as SqlRunner;
const waiting = (more: Partial<Waiting> = {}): Waiting => ({
  accountId: 'usr_1',
  keyId: 'key_1',
  afterSeq: 0n,
  waitMs: 30_000,
  gone: new AbortController().signal,
  ...more,
});

describe('waiting for events', () => {
  it('ends when the caller has gone away', async () => {
    const watch = new EventWatch(feed(), 'domains', silentLog, { isStopping: false });
    const caller = new AbortController();
    const ended = watch.newer(waiting({ gone: caller.signal }));
    expect(watch.count).toBe(1);
    caller.abort();
    expect(await ended).toBeNull();
    expect(watch.count).toBe(0);
    expect(await watch.newer(waiting({ gone: caller.signal }))).toBeNull();
  });

  it('ends when the process stops', async () => {
    const process = { isStopping: false };
    const watch = new EventWatch(feed(), 'domains', silentLog, process);
    const ended = watch.newer(waiting());
    process.isStopping = true;
    expect(await ended).toBeNull();
  });

  it('ends when the feed cannot be read', async () => {
    const watch = new EventWatch(feed({ isAway: true }), 'domains', silentLog, { isStopping: false });
    expect(await watch.newer(waiting())).toBeNull();
  });

  it('answers the 11th request of a key and the 1,001st of the process at once', async () => {
    const process = { isStopping: false };
    const watch = new EventWatch(feed(), 'domains', silentLog, process);
    const all = Array.from({ length: 10 }, () => watch.newer(waiting()));
    expect(await watch.newer(waiting())).toBeNull();
    for (let key = 2; key < 992; key += 1) all.push(watch.newer(waiting({ keyId: `key_${String(key)}` })));
    expect(watch.count).toBe(1_000);
    expect(await watch.newer(waiting({ keyId: 'key_last' }))).toBeNull();
    process.isStopping = true;
    expect(new Set(await Promise.all(all))).toEqual(new Set([null]));
    await until(() => watch.count === 0);
  });
});
