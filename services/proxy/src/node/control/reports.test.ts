// What a node reports of connections is bounded, and offered again when an exchange fails.
import { Reports } from './reports';

const ended = (target: string | null, ms = 10) => ({
  subject: 'prx_a',
  client: '192.0.2.1',
  protocol: 'http' as const,
  target,
  exit: null,
  up: 1,
  down: 2,
  ms,
  refusal: null,
});

describe('reports', () => {
  it('say when a connection began and name its target as PROXY_TARGET_LOG wants', () => {
    const reports = new Reports(
      () => 1_000_000,
      (host) => `of ${host}`,
    );
    expect(reports.isEmpty).toBe(true);
    reports.ended(ended('a.example', 999.6));
    reports.ended(ended(null));
    reports.sign('many-targets', 'prx_a');
    expect(reports.isEmpty).toBe(false);
    const { connections, signs } = reports.take();
    expect(connections.map(({ at, ms, target }) => [at, ms, target])).toEqual([
      ['1970-01-01T00:16:39.000Z', 1_000, 'of a.example'],
      ['1970-01-01T00:16:39.990Z', 10, null],
    ]);
    expect(signs).toEqual([{ sign: 'many-targets', who: 'prx_a', at: '1970-01-01T00:16:40.000Z' }]);
    expect(reports.take()).toEqual({ connections: [], signs: [] });
  });

  it('are at most a thousand connections and a hundred signs, the first ones, also after a failed exchange', () => {
    const reports = new Reports(
      () => 1_000_000,
      (host) => host,
    );
    const many = (count: number, name: string): void => {
      for (let n = 0; n < count; n += 1) reports.ended(ended(`${name}${String(n)}`));
      for (let n = 0; n < count; n += 1) reports.sign('login-guessing', `${name}${String(n)}`);
    };
    many(600, 'a');
    const taken = reports.take();
    many(600, 'b');
    reports.putBack(taken);
    const { connections, signs } = reports.take();
    expect([connections.length, connections[599]?.target, connections[999]?.target]).toEqual([1_000, 'a599', 'b399']);
    expect([signs.length, signs[99]?.who]).toEqual([100, 'a99']);
    many(1_001, 'c');
    expect(reports.take().connections.at(-1)?.target).toBe('c999');
  });
});
