// The meter of the data plane: who may spend what, and how it is counted.
import { FixedClock } from '@lumi/shared/runtime';
import { Rights } from '../rights';
import { Leases } from './leases';
import { targetNames } from './target-names';
import { PendingLines } from './pending-lines';
import { UsageLines } from './usage-lines';
import { changeOf, accessAnswer } from './wire';
import { wireRight } from './test/model-server';

const MINUTE_MS = 60_000;

describe('the meter', () => {
  const clock = new FixedClock(Date.parse('2027-01-01T10:59:59Z'));
  const opened = () => {
    const rights = new Rights(clock);
    const told = { number: 1, now: clock.now().toISOString(), is_whole: true, key: 'a2V5' };
    const all = [wireRight('plan'), wireRight('proxy', { is_metered: false })];
    rights.apply(changeOf(accessAnswer.parse({ ...told, rights: all })));
    const lines = new UsageLines(() => clock.nowMs());
    const hurries: number[] = [];
    const leases = new Leases({
      rights,
      lines,
      targetName: targetNames('domain'),
      hurry: () => hurries.push(1),
      nowMs: () => clock.nowMs(),
    });
    return { rights, lines, leases, hurries };
  };
  const lease = (subject: string, granted: number) => ({
    subject,
    granted,
    used: 0,
    free: 1,
    elsewhere: 0,
    is_needed: false,
    is_stopped: false,
  });

  it('lets pass of a metered subject what its lease holds, and asks for more before that is used up', () => {
    const { leases, hurries } = opened();
    const use = leases.use('plan', 'DE', 'a.example');
    expect([leases.isDry('plan'), leases.spend(use, 'down', 10)]).toEqual([true, 0]);
    leases.take([lease('plan', 1_000_000)], clock.nowMs());
    hurries.length = 0;
    expect([leases.spend(use, 'down', 800_000), hurries.length]).toEqual([800_000, 0]);
    expect([leases.spend(use, 'up', 300_000), leases.isDry('plan')]).toEqual([200_000, true]);
    expect(hurries.length).toBeGreaterThan(0);
  });

  it('lets everything pass of a subject without a meter, and counts it alike', () => {
    const { leases, lines } = opened();
    const use = leases.use('proxy', 'DE', 'a.example');
    expect([leases.isDry('proxy'), leases.spend(use, 'down', 5_000_000)]).toEqual([false, 5_000_000]);
    expect(lines.take()).toMatchObject([{ subject: 'proxy', down: 5_000_000, requests: 1 }]);
  });

  it('stops metered subjects ten minutes after the last contact, and no others', () => {
    const { leases } = opened();
    const [metered, free] = [leases.use('plan', 'DE', 'a.example'), leases.use('proxy', 'DE', 'a.example')];
    leases.take([lease('plan', 1_000)], clock.nowMs());
    clock.advance(10 * MINUTE_MS - 1);
    expect(leases.spend(metered, 'up', 1)).toBe(1);
    clock.advance(1);
    expect([leases.spend(metered, 'up', 1), leases.isDry('plan'), leases.spend(free, 'up', 1)]).toEqual([0, true, 1]);
    leases.take([], clock.nowMs());
    expect(leases.spend(metered, 'up', 1)).toBe(1);
  });

  it('counts by hour, country and target, on after a batch, and errors once', () => {
    const { leases, lines } = opened();
    leases.take([lease('plan', 1_000)], clock.nowMs());
    const use = leases.use('plan', 'DE', 'www.a.example');
    leases.spend(use, 'up', 5);
    const first = lines.take();
    expect(first).toMatchObject([{ target: 'a.example', country: 'DE', up: 5, down: 0, requests: 1, errors: 0 }]);
    clock.advance(60 * MINUTE_MS);
    leases.take([], clock.nowMs());
    leases.spend(use, 'down', 7);
    use.end({ isError: true });
    use.end({ isError: true });
    const second = lines.take();
    expect(second).toMatchObject([{ up: 0, down: 7, requests: 0, errors: 1 }]);
    expect(Date.parse(second[0]?.hour ?? '') - Date.parse(first[0]?.hour ?? '')).toBe(60 * MINUTE_MS);
    const pending = new PendingLines();
    for (const lines of [first, first, second]) pending.add(lines);
    expect(pending.all()).toMatchObject([{ up: 10 }, { down: 7, errors: 1 }]);
    expect(lines.bytes).toBe(12);
  });

  it('keeps 200 targets of a subject in an hour; the others are one', () => {
    const { leases, lines } = opened();
    for (let i = 0; i < 300; i += 1) leases.use('proxy', 'DE', `host-${String(i)}.example${String(i)}`);
    leases.use('proxy', 'DE', 'host-7.example7');
    lines.take();
    leases.use('proxy', 'DE', 'host-250.example250');
    leases.use('proxy', 'DE', 'host-1.example1');
    expect(lines.take().map(({ target }) => target)).toEqual(['other', 'host-1.example1']);
  });
});

describe('the name of a target', () => {
  it.each([
    ['www.shop.example.co.uk', 'example.co.uk', 'www.shop.example.co.uk'],
    ['example.com', 'example.com', 'example.com'],
    ['192.0.2.7', '192.0.2.7', '192.0.2.7'],
    ['2001:db8::1', '2001:db8::1', '2001:db8::1'],
    ['intranet', 'intranet', 'intranet'],
    ['my_host.a.github.io', 'github.io', 'my_host.a.github.io'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ])('%s is kept as %s, as it is, or not at all', (host, domain, whole) => {
    expect([targetNames('domain')(host), targetNames('host')(host), targetNames('none')(host)]).toEqual([
      domain,
      whole,
      'none',
    ]);
  });
});
