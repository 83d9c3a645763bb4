// Who comes next at a service, and that an identity is as young as the request that leaves.
import { FixedClock } from '@lumi/shared/runtime';
import { FairQueue } from '../src/upstream/fair-queue';

function desk(limits: Partial<ConstructorParameters<typeof FairQueue>[0]> = {}) {
  const clock = new FixedClock(1_800_000_000_000);
  const queue = new FairQueue({ clock, inWorkMax: 4, perKeyMax: 2, waitingPerKeyMax: 10, waitingMax: 15, ...limits });
  const log: string[] = [];
  const enter = (key: string, n: number) => {
    const place = {
      start: () => void log.push(`${key}${String(n)}`),
      refuse: ({ code, retryAfterS }: { code: string; retryAfterS: number | undefined }) =>
        void log.push(`${key}${String(n)} ${code} ${String(retryAfterS)}`),
    };
    queue.enter(key, place);
    return place;
  };
  return { queue, log, enter, clock };
}

describe('the queue of a service', () => {
  it('lets so many of one key in, and keeps the places of others free', () => {
    const { log, enter } = desk();
    for (let i = 0; i < 9; i += 1) enter('a', i);
    enter('b', 0);
    expect(log).toEqual(['a0', 'a1', 'b0']);
  });

  it('gives keys turns: one request is held up by one place, not by a hundred', () => {
    const { queue, log, enter } = desk({ inWorkMax: 1, perKeyMax: 1 });
    for (let i = 0; i < 8; i += 1) enter('a', i);
    for (const key of ['b', 'c']) for (let i = 0; i < 2; i += 1) enter(key, i);
    for (const done of ['a', 'b', 'c', 'a', 'b']) queue.leave(done);
    expect(log.join(' ')).toMatch(/^a0 (?:(?:a1|b0|c0) ){3}/);
    expect(log).toHaveLength(6);
    expect(log.slice(0, 4)).toEqual(expect.arrayContaining(['a0', 'b0', 'c0']));
  });

  it('keeps the order of one key', () => {
    const { queue, log, enter } = desk();
    for (let i = 0; i < 6; i += 1) enter('a', i);
    for (let i = 0; i < 6; i += 1) queue.leave('a');
    expect(log).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'a5']);
    expect(queue.isIdle).toBe(true);
  });

  it('refuses a key whose row is full with 429, and all while everything is full with 503', () => {
    const { log, enter } = desk();
    for (let i = 0; i < 13; i += 1) enter('a', i);
    expect(log).toEqual(['a0', 'a1', 'a12 rate_limited 2']);
    for (let i = 0; i < 8; i += 1) enter('b', i);
    expect(log.slice(3)).toEqual(['b0', 'b1', 'b7 service_unavailable 2']);
  });

  it('forgets who went away', () => {
    const { queue, log, enter } = desk();
    const [, , gone] = [0, 1, 2, 3].map((i) => enter('a', i));
    if (gone !== undefined) queue.forget('a', gone);
    for (let i = 0; i < 3; i += 1) queue.leave('a');
    expect(log).toEqual(['a0', 'a1', 'a3']);
    expect(queue.isIdle).toBe(true);
  });

  it('refuses what has waited too long', () => {
    jest.useFakeTimers();
    try {
      const { queue, log, enter, clock } = desk();
      for (let i = 0; i < 4; i += 1) enter('a', i);
      clock.advance(9_999);
      jest.advanceTimersByTime(300);
      expect(log).toEqual(['a0', 'a1']);
      clock.advance(1);
      jest.advanceTimersByTime(300);
      expect(log.slice(2)).toEqual(['a2 rate_limited 2', 'a3 rate_limited 2']);
      for (let i = 0; i < 2; i += 1) queue.leave('a');
      expect(queue.isIdle).toBe(true);
    } finally {
      jest.useRealTimers();
    }
  });
});
