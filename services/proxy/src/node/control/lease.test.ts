// What a lease wants, keeps and gives back.
import { Lease } from './lease';

const MB = 1_048_576;
const SMALLEST = 262_144;
const answer = (granted: number, more: object = {}) => ({
  subject: 's',
  granted,
  used: 0,
  free: 100 * MB,
  elsewhere: 0,
  is_needed: false,
  is_stopped: false,
  ...more,
});

describe('a lease', () => {
  it('wants a minute of its present rate, and at least 256 KiB', () => {
    const lease = new Lease('s', 0);
    expect(lease.wish(0)).toEqual({ subject: 's', want: SMALLEST });
    lease.take(answer(SMALLEST), 10);
    lease.spend(SMALLEST, 500);
    expect(lease.wish(1_000)).toEqual({ subject: 's', want: 60 * SMALLEST });
  });

  it('gives back after two seconds what it does not use, but 16 MiB', () => {
    const lease = new Lease('s', 0);
    lease.take(answer(50 * MB), 0);
    lease.spend(MB, 100);
    expect(lease.wish(2_099)?.keep).toBeUndefined();
    expect(lease.wish(2_100)).toEqual({ subject: 's', keep: 17 * MB, want: 0 });
    expect(lease.left).toBe(16 * MB); // at once: the service may give the rest to others
  });

  it('gives back the rest after ten minutes without traffic, and is then forgotten', () => {
    const lease = new Lease('s', 0);
    lease.take(answer(10 * MB), 0);
    lease.spend(MB, 0);
    expect(lease.wish(599_999)).toBeNull();
    expect(lease.wish(600_000)).toEqual({ subject: 's', keep: MB, want: 0 });
    lease.take(answer(MB), 600_010);
    expect(lease.isForgettable(600_011)).toBe(true);
    lease.uses = 1;
    expect(lease.isForgettable(600_011)).toBe(false);
  });

  it('gives all of it when another node stands dry, and what it needs for two seconds while it is in use', () => {
    const lease = new Lease('s', 0);
    lease.take(answer(10 * MB, { is_needed: true, free: 0 }), 0);
    lease.spend(MB, 900);
    expect(lease.wish(1_000)).toEqual({ subject: 's', keep: 3 * MB, want: 0 });
    expect(lease.wish(2_901)).toEqual({ subject: 's', keep: MB, want: 0 });
    expect(lease.left).toBe(0);
  });

  it('above a hard stop is spent no more from the answer on, in use or not, and given back once', () => {
    const lease = new Lease('s', 0);
    lease.take(answer(10 * MB), 0);
    lease.spend(MB, 900);
    lease.take(answer(10 * MB, { is_stopped: true, free: 0 }), 950);
    expect(lease.spend(MB, 960)).toBe(0);
    expect(lease.wish(1_000)).toEqual({ subject: 's', keep: MB, want: 0 });
    lease.take(answer(MB, { free: 0 }), 1_010);
    expect(lease.wish(1_020)).toMatchObject({ subject: 's', want: expect.any(Number) as number });
    lease.take(answer(2 * MB), 1_030);
    expect(lease.spend(MB, 1_040)).toBe(MB);
  });

  it('takes back its request when nobody waits any more', () => {
    const lease = new Lease('s', 0);
    expect(lease.wish(0)).toEqual({ subject: 's', want: SMALLEST });
    lease.take(answer(0, { free: 0 }), 10);
    expect(lease.wish(2_000)).toEqual({ subject: 's', want: 0 });
    expect(lease.wish(3_000)).toBeNull();
  });

  it('lets a waiter know at once that the quota is used up, and else waits for what others give', async () => {
    const lease = new Lease('s', 0);
    const first = lease.waitFor(10_000);
    lease.take(answer(0, { free: 0, elsewhere: MB }), 10);
    expect(lease.isWaitedFor).toBe(true);
    lease.take(answer(MB, { free: 0 }), 20);
    await expect(first).resolves.toBe(true);
    lease.spend(MB, 30);
    const second = lease.waitFor(10_000);
    lease.take(answer(MB, { free: 0 }), 40);
    await expect(second).resolves.toBe(false);
    expect(lease.isExhausted(100, 1_000)).toBe(true);
    expect(lease.isExhausted(2_000, 1_000)).toBe(false); // it may have been filled meanwhile
  });
});
