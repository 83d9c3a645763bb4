// What the choice of an exit costs in a large pool, what is lost when an address cannot be used, and how many sessions
// are kept.
import { FixedClock } from '@lumi/shared/runtime';
import { Exits } from '../src/node/exits';
import { Rights, type PoolExit, type Right } from '../src/node/rights';
import { readUserName } from '../src/node/user-name';
import { basic, NodeFixture, Recorded } from './node-fixture';

const BLOCK = '2a00:1:2:3::/64';

let reads = 0;
class CountedExit implements PoolExit {
  readonly country = 'XA';
  readonly region = null;
  readonly city = 'New Town';
  readonly asn = null;
  constructor(private readonly text: string) {}
  get address(): string {
    reads += 1;
    return this.text;
  }
}

function exitOf(address: string, country = 'XA'): PoolExit {
  return { address, country, region: null, city: null, asn: null };
}

describe('exits of a pool', () => {
  const clock = new FixedClock(1_800_000_000_000);
  const rights = new Rights(clock);
  const right = new NodeFixture().right({ subject: 'tpl_one', exits: { kind: 'pool', pool: 'p' } });
  const chosen = (exits: Exits, options = '', own: Right = right): string => {
    const wish = readUserName(`customer${options}`)?.wish;
    if (wish === undefined) throw new Error(`cannot read ${options}`);
    const exit = exits.choose(own, wish);
    return typeof exit === 'string' ? exit : exit.address;
  };
  const use = (pool: readonly PoolExit[], own: Right = right): Exits => {
    rights.apply({ isWhole: true, rights: [own], pools: { p: pool } });
    return new Exits(rights, new Recorded());
  };

  it('are chosen from a large pool without a look at all of them, whatever the client asks for', () => {
    const addresses = Array.from({ length: 50_000 }, (_, i) => `10.1.${String(i >> 8)}.${String(i & 255)}`);
    const exits = use(Object.freeze(addresses.map((address) => new CountedExit(address))));
    const ask = (i: number): void => {
      for (const options of ['', '-country-xa', `-session-s${String(i)}`, `-city-new-town-session-t${String(i % 9)}`])
        expect(chosen(exits, options)).toMatch(/^10\.1\./);
      expect(chosen(exits, `-city-none${String(i)}`)).toBe('exit');
      expect(chosen(exits, `-city-new${'_'.repeat(i)}town`)).toMatch(/^10\.1\./);
    };
    for (let i = 0; i < 2; i += 1) ask(0);
    reads = 0;
    for (let i = 1; i < 50; i += 1) ask(i);
    expect(reads).toBeLessThan(50_000);
    const turning = { ...right, rotationS: 300 };
    rights.apply({ rights: [turning] });
    for (let i = 0; i < 50; i += 1) exits.rotate();
    expect(reads).toBeLessThan(50_000);
  });

  it('of a /64 lose the one address that cannot be used; its session moves on, and others stay', () => {
    const exits = use([exitOf(BLOCK)]);
    const [one, strict, other] = ['-session-a', '-session-b-strict-1', '-session-c'] as const;
    const before = [one, strict, other].map((options) => chosen(exits, options));
    for (const address of before.slice(0, 2)) exits.markLost(address, 'EADDRINUSE');
    const after = chosen(exits, one);
    expect(after).toMatch(/^2a00:1:2:3:/);
    expect(after).not.toBe(before[0]);
    expect(chosen(exits, one)).toBe(after);
    expect(chosen(exits, strict)).toBe('session');
    expect(chosen(exits, other)).toBe(before[2]);
    expect(chosen(exits)).toMatch(/^2a00:1:2:3:/);
  });

  it('of a /64 are left alone as a whole when the machine has none of its addresses', () => {
    const exits = use([exitOf(BLOCK), exitOf('127.64.1.9', 'XB')]);
    const session = chosen(exits, '-country-xa-session-a');
    for (let i = 0; i < 2; i += 1) exits.markLost(chosen(exits, '-country-xa'), 'EADDRNOTAVAIL');
    // Used up at the same address again and again: that says nothing of the others.
    for (let i = 0; i < 9; i += 1) exits.markLost('2a00:1:2:3::9', 'EADDRINUSE');
    expect(chosen(exits, '-country-xa-session-a')).toBe(session);
    exits.markLost(chosen(exits, '-country-xa'), 'EADDRNOTAVAIL');
    expect(chosen(exits, '-country-xa')).toBe('exit');
    expect(chosen(exits, '-country-xa-session-a')).toBe('exit');
    for (let i = 0; i < 20; i += 1) expect(chosen(exits)).toBe('127.64.1.9');
    clock.advance(60_000);
    expect(chosen(exits, '-country-xa')).toMatch(/^2a00:1:2:3:/);
  });

  it('of a /64 that change by an interval leave by another address when theirs cannot be used', () => {
    const turning = { ...right, rotationS: 86_400 };
    const exits = use([exitOf(BLOCK)], turning);
    const before = chosen(exits, '', turning);
    exits.markLost(before, 'EADDRNOTAVAIL');
    const after = chosen(exits, '', turning);
    expect(after).toMatch(/^2a00:1:2:3:/);
    expect(after).not.toBe(before);
    expect(chosen(exits, '', turning)).toBe(after);
  });

  it('that change by an interval are reported as they are without a place', () => {
    const turning = { ...right, rotationS: 86_400 };
    const events = new Recorded();
    rights.apply({
      isWhole: true,
      rights: [turning],
      pools: { p: [exitOf('127.64.1.1'), exitOf('127.64.1.2', 'XB')] },
    });
    const exits = new Exits(rights, events);
    for (let i = 0; i < 5; i += 1) {
      exits.rotate();
      expect(chosen(exits, '-country-xa', turning)).toBe('127.64.1.1');
      expect(chosen(exits, '-country-xb', turning)).toBe('127.64.1.2');
    }
    expect(events.of('exitChanged')).toHaveLength(1);
  });

  it('are kept for at most so many sessions: a customer with too many loses own ones, the oldest first', () => {
    const pool = Array.from({ length: 200 }, (_, i) => exitOf(`127.64.2.${String(i)}`));
    const exits = use(pool);
    const other = { ...right, subject: 'tpl_other', accountId: 'acc_other' };
    const kept = chosen(exits, '-session-kept', other);
    const first = chosen(exits, '-session-first');
    for (let i = 0; i < 9_999; i += 1) chosen(exits, `-session-s${String(i)}`);
    expect(exits.sessionCount).toBe(10_001);
    expect(chosen(exits, '-session-first')).toBe(first); // used again: `s0` is the oldest now
    for (let i = 0; i < 20_000; i += 1) chosen(exits, `-session-t${String(i)}`);
    expect(exits.sessionCount).toBe(10_001);
    for (let sub = 0; sub < 12; sub += 1)
      for (let i = 0; i < 9_000; i += 1)
        chosen(exits, `-session-u${String(i)}`, { ...right, subject: `sub_${String(sub)}` });
    expect(exits.sessionCount).toBe(20_001);
    expect(chosen(exits, '-session-kept', other)).toBe(kept);
    for (let account = 0; account < 12; account += 1)
      for (let i = 0; i < 9_000; i += 1)
        chosen(exits, `-session-v${String(i)}`, {
          ...right,
          subject: `s_${String(account)}`,
          accountId: `a_${account}`,
        });
    expect(exits.sessionCount).toBe(100_000);
  });
});

describe('a strict session', () => {
  it('gets 502 `session` after its address of a /64 could not be used', async () => {
    const node = new NodeFixture();
    await node.open();
    const pools = { p: [exitOf('2001:db8:1:2::/64')] };
    await node.admit({ exits: { kind: 'pool', pool: 'p' } }, pools);
    const words: string[] = [];
    for (const name of ['customer-session-a-strict-1', 'customer-session-a-strict-1', 'customer-session-a']) {
      const client = node.client().send(`CONNECT echo.lumi.test:80 HTTP/1.1\r\n${basic([name, 'secret-word'])}\r\n`);
      words.push(
        / (\d+) [^]*details="(\w+)"/
          .exec(await client.take('\r\n\r\n'))
          ?.slice(1)
          .join(' ') ?? '',
      );
    }
    expect(words).toEqual(['502 exit', '502 session', '502 exit']);
    await node.close();
  });
});
