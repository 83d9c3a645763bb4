// The order of requests at a service, and the age of their identity.
import { FixedClock } from '@lumi/shared/runtime';
import { FairQueue, type Place } from '../src/upstream/fair-queue';

function queueOf(limits: Partial<ConstructorParameters<typeof FairQueue>[0]> = {}) {
  const clock = new FixedClock(1_800_000_000_000);
  const queue = new FairQueue({ clock, inWorkMax: 4, perKeyMax: 2, waitingPerKeyMax: 10, waitingMax: 15, ...limits });
  const log: string[] = [];
  const inWork = new Map<string, Place[]>();
  const enter = (key: string, n: number, weight = 1) => {
    const place: Place = {
      weight,
      start: () => {
        log.push(`${key}${String(n)}`);
        inWork.set(key, [...(inWork.get(key) ?? []), place]);
      },
      refuse: ({ code, retryAfterS }) => void log.push(`${key}${String(n)} ${code} ${String(retryAfterS)}`),
    };
    queue.enter(key, place);
    return place;
  };
  /** The oldest request of the key is answered. */
  const leave = (key: string) => {
    const place = inWork.get(key)?.shift();
    if (place === undefined) throw new Error(`nothing of ${key} is in work`);
    queue.leave(key, place);
  };
  return { queue, log, enter, leave, clock };
}

describe('the queue of a service', () => {
  it('admits the allowed number per key, and keeps places free for other keys', () => {
    const { log, enter } = queueOf();
    for (let i = 0; i < 9; i += 1) enter('a', i);
    enter('b', 0);
    expect(log).toEqual(['a0', 'a1', 'b0']);
  });

  it('lets keys take turns: a single request waits for one place, not for a hundred', () => {
    const { log, enter, leave } = queueOf({ inWorkMax: 1, perKeyMax: 1 });
    for (let i = 0; i < 8; i += 1) enter('a', i);
    for (const key of ['b', 'c']) for (let i = 0; i < 2; i += 1) enter(key, i);
    for (const done of ['a', 'b', 'c', 'a', 'b']) leave(done);
    expect(log.join(' ')).toMatch(/^a0 (?:(?:a1|b0|c0) ){3}/);
    expect(log).toHaveLength(6);
    expect(log.slice(0, 4)).toEqual(expect.arrayContaining(['a0', 'b0', 'c0']));
  });

  it('keeps the order of one key', () => {
    const { queue, log, enter, leave } = queueOf();
    for (let i = 0; i < 6; i += 1) enter('a', i);
    for (let i = 0; i < 6; i += 1) leave('a');
    expect(log).toEqual(['a0', 'a1', 'a2', 'a3', 'a4', 'a5']);
    expect(queue.isIdle).toBe(true);
  });

  it("refuses with 429 when a key's queue is full, and with 503 when all is full", () => {
    const { log, enter } = queueOf();
    for (let i = 0; i < 13; i += 1) enter('a', i);
    expect(log).toEqual(['a0', 'a1', 'a12 rate_limited 2']);
    for (let i = 0; i < 8; i += 1) enter('b', i);
    expect(log.slice(3)).toEqual(['b0', 'b1', 'b7 service_unavailable 2']);
  });

  it('removes a client that went away', () => {
    const { queue, log, enter, leave } = queueOf();
    const [, , gone] = [0, 1, 2, 3].map((i) => enter('a', i));
    if (gone !== undefined) queue.forget('a', gone);
    for (let i = 0; i < 3; i += 1) leave('a');
    expect(log).toEqual(['a0', 'a1', 'a3']);
    expect(queue.isIdle).toBe(true);
  });

  it('refuses a request that has waited too long', () => {
    jest.useFakeTimers();
    try {
      const { queue, log, enter, leave, clock } = queueOf();
      for (let i = 0; i < 4; i += 1) enter('a', i);
      clock.advance(9_999);
      jest.advanceTimersByTime(300);
      expect(log).toEqual(['a0', 'a1']);
      clock.advance(1);
      jest.advanceTimersByTime(300);
      expect(log.slice(2)).toEqual(['a2 rate_limited 2', 'a3 rate_limited 2']);
      for (let i = 0; i < 2; i += 1) leave('a');
      expect(queue.isIdle).toBe(true);
    } finally {
      jest.useRealTimers();
    }
  });

  it('counts a large body as one place of its key per piece, at most as all its places', () => {
    const { queue, log, enter, leave } = queueOf({ inWorkMax: 10, perKeyMax: 4 });
    enter('a', 0, 3);
    enter('a', 1, 2);
    enter('a', 2, 1);
    enter('b', 0, 16);
    enter('b', 1, 1);
    expect(log).toEqual(['a0', 'b0']);
    leave('b');
    leave('a');
    expect(log).toEqual(['a0', 'b0', 'b1', 'a1', 'a2']);
    for (const key of ['a', 'a', 'b']) leave(key);
    expect(queue.isIdle).toBe(true);
  });

  it('lets a small request start when the client of the large one before it has gone', () => {
    const { queue, log, enter, leave } = queueOf({ perKeyMax: 4 });
    enter('a', 0, 3);
    const large = enter('a', 1, 4);
    enter('a', 2, 1);
    expect(log).toEqual(['a0']);
    queue.forget('a', large);
    expect(log).toEqual(['a0', 'a2']);
    for (const key of ['a', 'a']) leave(key);
    expect(queue.isIdle).toBe(true);
  });

  it('starts 5,000 waiting requests one after the other when each is answered at once', () => {
    const { queue, enter, leave } = queueOf({ inWorkMax: 1, waitingPerKeyMax: 5_000, waitingMax: 5_000 });
    enter('a', 0);
    let answered = 0;
    for (let i = 0; i < 5_000; i += 1) {
      const place: Place = {
        weight: 1,
        start: () => {
          answered += 1;
          queue.leave('b', place);
        },
        refuse: ({ code }) => expect(code).toBe('never'),
      };
      queue.enter('b', place);
    }
    expect(answered).toBe(0);
    leave('a');
    expect(answered).toBe(5_000);
    expect(queue.isIdle).toBe(true);
  });
});
