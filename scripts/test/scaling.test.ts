// The model behind docs/scaling.md: its queue is checked by a simulation, its demands by points it was not made from.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const document = readFileSync(join(root, 'docs', 'scaling.md'), 'utf8');

function evaluate<T>(expression: string): T {
  const script = `
    import { readFileSync } from 'node:fs';
    import { cpuOf, demandsOf, erlangC, errorOf, meanWaitMs, plan } from './scripts/scaling/model.mjs';
    import { chanceOf, simulatedWaitMs } from './scripts/scaling/queue.mjs';
    const { points } = JSON.parse(readFileSync('scripts/scaling/points.json', 'utf8'));
    const demands = demandsOf(points);
    console.log(JSON.stringify(${expression}));`;
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' }),
  ) as T;
}

describe('the queue of the model', () => {
  it.each([
    [1, 700, 1],
    [4, 3_000, 1],
    [12, 9_000, 1],
  ])('waits as long as the simulation does: %i servers, %i requests a second of %i ms', (servers, perSecond, ms) => {
    const told = `servers: ${String(servers)}, perSecond: ${String(perSecond)}, serviceMs: ${String(ms)}`;
    const [formula, simulated] = evaluate<[number, number]>(
      `[meanWaitMs({ ${told} }), simulatedWaitMs({ ${told}, requests: 1_000_000, chance: chanceOf(7) })]`,
    );
    expect(Math.abs(simulated - formula) / formula).toBeLessThan(0.05);
  });

  it('never ends when more comes than can be served', () => {
    expect(evaluate('[meanWaitMs({ servers: 2, perSecond: 2_000, serviceMs: 1 }), erlangC(2, 3)]')).toEqual([null, 1]);
  });
});

describe('the demands', () => {
  it('foretell what mixtures cost, which they were not made from, as closely as the document says', () => {
    const stated = Number(/within (\d+) %/.exec(document)?.[1]);
    const errors = evaluate<Record<string, number>[]>(
      `points.filter(({ load }) => load.reads > 0 && load.purchases > 0)
        .map((point) => errorOf({ demands, ...point }))`,
    );
    expect(errors).toHaveLength(3);
    for (const one of errors) {
      expect(Object.keys(one)).toEqual(expect.arrayContaining(['gateway', 'service', 'postgres']));
      for (const error of Object.values(one)) expect(Math.abs(error) * 100).toBeLessThanOrEqual(stated);
    }
  });

  it('of no load are those of an idle process', () => {
    expect(evaluate('cpuOf(demands, { reads: 0, purchases: 0 })')).toEqual(evaluate('demands.idle'));
  });
});

describe('the plan', () => {
  it('is the one of the document', () => {
    const parts = evaluate<Record<string, { cores: number; replicas: number }>>(
      'plan({ demands, load: { reads: 9_000, purchases: 1_000 }, busyMax: 0.6 })',
    );
    for (const [kind, { cores, replicas }] of Object.entries(parts))
      expect(document).toMatch(
        new RegExp(`\\| ${kind} +\\| ${cores.toPrecision(3).replace('.', '\\.')} +\\| ${String(replicas)} +\\|`),
      );
  });

  it('keeps every core as free as was asked for, and has two of each at least', () => {
    const parts = evaluate<Record<string, { busy: number; replicas: number }>>(
      'plan({ demands, load: { reads: 500, purchases: 5 }, busyMax: 0.5 })',
    );
    for (const { busy, replicas } of Object.values(parts)) {
      expect(busy).toBeLessThanOrEqual(0.5);
      expect(replicas).toBeGreaterThanOrEqual(2);
    }
  });
});
