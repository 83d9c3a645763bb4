// What the node does again and again for open connections costs little, however many they are.
import { elapsedMs, FixedClock } from '@lumi/shared/runtime';
import { Passages } from '../src/node/passages';
import { whyNot } from '../src/node/permission';
import { Rights, type Right } from '../src/node/rights';
import { NodeFixture, PAIR, QuotaMeter } from './node-fixture';

const HOUR_MS = 3_600_000;
const [OLD, NEW] = [PAIR, ['customer', 'new-word']] as const;

describe('open connections', () => {
  const clock = new FixedClock(Date.now());
  const rights = new Rights(clock);
  rights.useKey(Buffer.alloc(32, 7));
  const passages = new Passages(rights, new QuotaMeter(), { idleMs: HOUR_MS, halfClosedMs: HOUR_MS });
  const digestOf = (pair: readonly [string, string]): string => rights.digestOf(...pair);
  const fixture = new NodeFixture();

  const right = (i: number): Right =>
    fixture.right({
      subject: `prx_${String(i)}`,
      validUntilMs: clock.nowMs() + HOUR_MS,
      logins: [
        { name: OLD[0], digest: digestOf(OLD), untilMs: clock.nowMs() + (i === 0 ? 60_000 : 2 * HOUR_MS) },
        { name: NEW[0], digest: digestOf(NEW), untilMs: null },
      ],
    });

  it('are judged when something of their right ends, and not before', () => {
    rights.apply({ rights: Array.from({ length: 50 }, (_, i) => right(i)) });
    for (let i = 0; i < 5_000; i += 1) {
      const of = rights.get(`prx_${String(i % 50)}`) as Right; // applied above
      const pair = i % 100 < 50 ? OLD : NEW;
      passages.open(of, { by: 'login', name: pair[0], digest: digestOf(pair) }, 'echo.lumi.test');
    }
    const holds = jest.spyOn(rights, 'holds');
    for (let i = 0; i < 10; i += 1) passages.sweep();
    expect(holds).not.toHaveBeenCalled();
    clock.advance(60_000); // the grace of one password
    for (let i = 0; i < 10; i += 1) passages.sweep();
    expect(holds).toHaveBeenCalledTimes(100);
    expect([passages.size, passages.sizeOf('prx_0')]).toEqual([4_950, 50]);
    clock.advance(HOUR_MS);
    passages.sweep();
    expect(passages.size).toBe(0);
  });

  it('and new ones find a name in a long list of blocked ones as fast as in a short one', () => {
    const blockedDomains = Array.from({ length: 20_000 }, (_, i) => `name-${String(i)}.example`);
    const long = fixture.right({ blockedDomains });
    const startedMs = elapsedMs();
    const others = Array.from({ length: 10_000 }, (_, i) => `a${String(i)}.other.test`);
    expect(others.filter((host) => whyNot(long, 0, host) !== null)).toEqual([]);
    expect(elapsedMs() - startedMs).toBeLessThan(2_000);
    const words = ['name-7.example', 'www.name-19999.example', 'xname-7.example', 'example', 'name-7.example.org'];
    expect(words.map((host) => whyNot(long, 0, host))).toEqual(['blocked', 'blocked', null, null, null]);
    const only = fixture.right({ allowedDomains: ['name-7.example'] });
    expect(words.map((host) => whyNot(only, 0, host))).toEqual([null, 'blocked', 'blocked', 'blocked', 'blocked']);
  });
});
