// docs/client.md does what it says: its examples run against the real gateway, service and worker.
import { transformSync } from 'esbuild';
import * as client from '@lumi/client';
import { wholeWay } from '../whole-way';
import { guideProgram } from './guide';

jest.setTimeout(60_000);
const lumi = wholeWay({ products: ['domains'] });

it('the examples of docs/client.md run, and what they print is what the page says', async () => {
  const who = await lumi.buyer({ balance: '20.00' });
  const { code } = transformSync(guideProgram(), { loader: 'ts', target: 'es2022' });
  const body = code.replace(/^import (\{.*\}) from "@lumi\/client";$/m, 'const $1 = client;');
  expect(body).not.toMatch(/^import/m);
  const printed: string[] = [];
  const fakeConsole = { log: (...words: unknown[]) => void printed.push(words.join(' ')) };
  const fakeProcess = { env: { LUMI_API_KEY: who.key, LUMI_API_URL: lumi.address() } };
  const AsyncFunction = (async () => undefined).constructor as new (
    ...texts: string[]
  ) => (...values: unknown[]) => Promise<void>;
  let isOver = false;
  const program = new AsyncFunction('client', 'console', 'process', body)(client, fakeConsole, fakeProcess).finally(
    () => (isOver = true),
  );
  await Promise.all([program, lumi.working('domains', async () => isOver)]);

  expect(printed[0]).toBe('409 already_owned true order-2026-0001');
  expect(printed).toContain('completed 1.00');
  expect(printed.filter((line) => line.startsWith('client-guide.test '))).toHaveLength(1);
  expect(printed).toContain('domain.registered client-guide.test');
  expect(printed.at(-1)).toBe('domain.registered');
  expect(await lumi.money(who.accountId)).toEqual({ balance: '18.00', held: '0.00' });
  expect(await lumi.breaches()).toEqual([]);
});
