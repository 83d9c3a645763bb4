// Every process of Lumi is restarted, one after the other, while customers read and buy through one address. Load
// balancers send nothing new to a process whose /readyz says that it stops. No request may fail, and none is tried
// again.
import type { Product } from '@lumi/shared/contract';
import { buyerOf } from '../customers/buyers';
import { GatewayClient, type BuyerRequest, type Send } from '../customers/client';
import { SHOPS } from '../customers/shops';
import type { Run } from '../run-state';
import type { Child } from '../system/child';
import { PATIENT } from '../system/settings';
import { pause, until } from '../waiting';

/** The name of the step. */
export const ROLLING_RESTART = 'rolling restart';
const RULE = 'no request fails while everything is restarted';
const LOOK_EVERY_MS = 50;
const LOOK_LIMIT_MS = 2_000;
const READ_EVERY_MS = 100;
const BUY_EVERY_MS = 300;
/** Longer than a gateway waits: a busy machine is slow, which is no failure. */
const PATIENT_MS = 1.5 * PATIENT.upstreamTimeoutMs;
/** Before the first restart and after the last one. */
const STEADY_MS = 1_500;

export async function rollingRestart(run: Run): Promise<void> {
  const { system, bulks, note } = run;
  const balancer = await system.balancer();
  const customers = new GatewayClient([`http://127.0.0.1:${balancer.port}`], PATIENT_MS);
  const counts = { reads: 0, purchases: 0, failed: 0 };
  let isOver = false;
  const judge = (request: BuyerRequest, send: Send): void => {
    if (send.kind === 'ok') return;
    counts.failed += 1;
    const detail = `${send.status ?? send.error} ${send.bytes?.toString().slice(0, 200) ?? ''}`;
    note(`failed: ${request.method} ${request.path}: ${detail}`);
    run.breaches.push({ rule: RULE, subject: `${request.method} ${request.path} ${request.key ?? ''}`, detail });
  };
  const reads = async (product: Product): Promise<void> => {
    const buyer = buyerOf(run.buyers, product);
    while (!isOver) {
      const request = run.history.request({ buyer, method: 'GET', path: '/balance', about: { what: 'read' } });
      judge(request, await customers.sendThrough(request, 0));
      counts.reads += 1;
      await pause(READ_EVERY_MS);
    }
  };
  const buys = async (product: Product): Promise<void> => {
    const buyer = buyerOf(run.buyers, product);
    const shop = SHOPS[product];
    while (!isOver) {
      const label = run.customers.label();
      const request = run.history.request({
        buyer,
        path: shop.path,
        body: { ...shop.body(label, {}), reference: label },
        key: run.customers.key(),
        about: { what: 'buy', reference: label },
      });
      judge(request, await customers.sendThrough(request, 0));
      counts.purchases += 1;
      await pause(BUY_EVERY_MS);
    }
  };
  const working = Promise.all(system.products.flatMap((product) => [reads(product), reads(product), buys(product)]));
  await pause(STEADY_MS);
  const restarted = system.named(/^gateway-|-server-|-worker-/);
  for (const child of restarted) {
    note(`restarts ${child.name}`);
    await restart(run, child);
  }
  await pause(STEADY_MS);
  isOver = true;
  await working;
  await customers.close();
  bulks.push(
    `${restarted.length} processes restarted one by one under ${counts.reads} reads and ` +
      `${counts.purchases} purchases: ${counts.failed} failed, none was tried again.`,
  );
}

/** As a load balancer does it: out with the first 503 of /readyz, in again with a 200. */
async function restart({ system }: Run, child: Child): Promise<void> {
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      if ((await readiness(child)) !== 200) system.leaving.add(child.name);
      await pause(LOOK_EVERY_MS);
    }
  })();
  const isServing = child.port !== undefined; // a worker takes no requests
  if (!isServing) isOver = true;
  await child.restart();
  isOver = true;
  await watching;
  if (isServing && !(await until(async () => (await readiness(child)) === 200)))
    throw new Error(`${child.name} did not become ready again`);
  system.leaving.delete(child.name);
}

function readiness({ port }: Child): Promise<number | null> {
  return fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(LOOK_LIMIT_MS) }).then(
    ({ status }) => status,
    () => null,
  );
}
