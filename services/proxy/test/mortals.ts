// Processes of the proxy service that die at a chosen step of a purchase.
import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { TestKey } from '@lumi/shared/testing';
import type { Told } from './mortal-process';
import type { ProxyTest } from './proxy-service';

export interface Purchase {
  readonly who: TestKey;
  readonly path: string;
  readonly body: object;
  readonly key: string;
}

export interface Mortals {
  /** The steps of a purchase that nothing kills. */
  steps(purchase: Purchase): Promise<readonly string[]>;
  /** The process is killed right before this step. */
  killedAt(step: number, purchase: Purchase): Promise<void>;
}

const ROOT = join(__dirname, '..', '..', '..');
const ASK_LIMIT_MS = 20_000;
/** Pools of many processes share one server. */
const CONNECTIONS = '4';

export function mortals(lumi: ProxyTest, told: () => Omit<Told, 'killAt' | 'settings'>): Mortals {
  // Below the package, so that what is not bundled is found.
  const folder = mkdtempSync(join(__dirname, '..', 'node_modules', '.mortal-'));
  const script = join(folder, 'mortal.cjs');
  const living = new Set<ChildProcess>();
  beforeAll(() => {
    execFileSync(join(ROOT, 'node_modules/.bin/esbuild'), [
      join(__dirname, 'mortal-process.ts'),
      ...['--bundle', '--platform=node', '--format=cjs', '--target=node20', '--log-level=error'],
      `--define:navigator=${JSON.stringify({ userAgent: 'Node.js' })}`,
      ...['@prisma/client/runtime/query_compiler*', '@prisma/schema-engine-wasm', 'msgpackr-extract'].map(
        (name) => `--external:${name}`,
      ),
      `--tsconfig=${join(ROOT, 'tsconfig.check.json')}`,
      `--outfile=${script}`,
    ]);
  });
  afterAll(() => {
    for (const child of living) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(killAt: number | null): Promise<{ child: ChildProcess; origin: string }> {
    const child = fork(script, { serialization: 'advanced', execArgv: [] });
    living.add(child);
    child.once('exit', () => living.delete(child));
    child.send({ ...told(), settings: { ...lumi.settings, DATABASE_POOL: CONNECTIONS }, killAt });
    const [port] = (await once(child, 'message')) as [number];
    return { child, origin: `http://127.0.0.1:${String(port)}` };
  }

  async function ask(origin: string, { who, path, body, key }: Purchase): Promise<number> {
    const answer = await fetch(`${origin}${path}`, {
      method: 'POST',
      headers: { ...lumi.asMoney(who, key), 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ASK_LIMIT_MS),
    });
    await answer.text();
    return answer.status;
  }

  return {
    steps: async (purchase) => {
      const { child, origin } = await start(null);
      const told = once(child, 'message');
      const status = await ask(origin, purchase);
      const [steps] = (await told) as [readonly string[]];
      child.kill('SIGKILL');
      if (status >= 300) throw new Error(`it was answered with ${String(status)}`);
      return steps;
    },
    killedAt: async (step, purchase) => {
      const { child, origin } = await start(step);
      const dead = once(child, 'exit');
      await expect(ask(origin, purchase)).rejects.toThrow();
      expect(await dead).toEqual([null, 'SIGKILL']);
    },
  };
}

/** Steps before which something has just been written for good, or is about to be. */
export function cutsOf(steps: readonly string[]): readonly number[] {
  const isEnd = (label = ''): boolean => label === 'COMMIT' || label === 'POST';
  let isInside = false;
  const isLoneWrite = steps.map((label) => {
    if (label === 'BEGIN') isInside = true;
    else if (isEnd(label)) isInside = false;
    else return !isInside && /\b(INSERT|UPDATE|DELETE|purchase_)/.test(label);
    return false;
  });
  return [...steps.keys()].filter((at) => {
    if (at === 0) return false;
    const label = steps[at];
    return isEnd(label) || isEnd(steps[at - 1]) || isLoneWrite[at - 1] === true || label === 'answer';
  });
}
