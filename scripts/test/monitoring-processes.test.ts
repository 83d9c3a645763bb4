// Every process of a real start is scraped and probed, sells one domain, and stops: readiness first, requests in flight
// to their end.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { until } from '@lumi/shared/testing';
import { Installation, type Demo, type Launch } from './installation';

jest.setTimeout(300_000);

const PROCESSES = [
  'gateway',
  ...['domains', 'vps', 'proxy'].flatMap((product) => [product, `${product}-worker`]),
] as const;
/** It has neither database nor queue. */
const NODE = 'proxy-node';
const STOP_DELAY_MS = 3_000;

const installation = new Installation();
let launch: Launch;
let demo: Demo;
let gateway = '';
const ports = new Map<string, number>();

const buy = (domain: string): Promise<Response> =>
  fetch(`${gateway}/api/v1/domains`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${demo.products.domains.reseller.key}`,
      'content-type': 'application/json',
      'idempotency-key': randomBytes(12).toString('hex'),
    },
    body: JSON.stringify({ domain }),
  });
const probe = async (name: string, path: string) => {
  const answer = await fetch(`http://127.0.0.1:${String(ports.get(name))}${path}`);
  return { status: answer.status, text: await answer.text() };
};
const scrapeAll = async () =>
  new Map(await Promise.all(PROCESSES.map(async (name) => [name, (await probe(name, '/metrics')).text] as const)));

/** A process with `METRICS_PORT=0` says in its log which port it got. */
function portOf(name: string): number | null {
  const file = installation.file(`logs/${name}.log`);
  if (!existsSync(file)) return null;
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((one) => one.includes('"metrics and probes are served"'));
  return line === undefined ? null : (JSON.parse(line) as { port: number }).port;
}

beforeAll(async () => {
  launch = await installation.start({ METRICS_PORT: '0', STOP_DELAY_MS: String(STOP_DELAY_MS) }).ready();
  demo = installation.demo();
  gateway = demo.gateway;
  for (const name of [...PROCESSES, NODE]) ports.set(name, await until(() => portOf(name), { timeoutMs: 30_000 }));
});
afterAll(() => installation.dispose());

it('each process says that it lives, that it is ready, and which build it is', async () => {
  for (const name of PROCESSES) {
    expect([name, (await probe(name, '/healthz')).status]).toEqual([name, 200]);
    await until(async () => (await probe(name, '/readyz')).status === 200, { timeoutMs: 30_000 });
  }
  for (const [name, text] of await scrapeAll()) {
    expect([name, /^lumi_build_info\{process="([^"]+)"/m.exec(text)?.[1]]).toEqual([name, name]);
    expect([name, /^lumi_ready 1$/m.test(text), /^nodejs_eventloop_lag_p99_seconds /m.test(text)]).toEqual([
      name,
      true,
      true,
    ]);
    expect([name, /^lumi_database_connections_max\{/m.test(text)]).toEqual([name, true]);
    // The numbers of the database are the services'; the depth of the queue is the workers'.
    expect([name, /^lumi_holds_open\{/m.test(text)]).toEqual([name, !name.endsWith('-worker') && name !== 'gateway']);
    expect([name, /^lumi_queue_jobs\{/m.test(text)]).toEqual([name, name.endsWith('-worker')]);
    expect([name, /^lumi_loop_rounds_total\{/m.test(text)]).toEqual([name, name.endsWith('-worker')]);
    expect([name, text.match(/^lumi_monitoring_failures_total\{.*/gm)]).toEqual([name, null]);
  }
});

it('the proxy node lives, is ready, and shows its connections and how long the service is silent', async () => {
  for (const path of ['/healthz', '/readyz']) expect([path, (await probe(NODE, path)).status]).toEqual([path, 200]);
  const { text } = await probe(NODE, '/metrics');
  expect(/^lumi_build_info\{process="([^"]+)"/m.exec(text)?.[1]).toBe(NODE);
  expect(text).toMatch(/^lumi_node_connections 0$/m);
  expect(Number(/^lumi_node_service_silent_seconds (\S+)$/m.exec(text)?.[1])).toBeLessThan(10);
  expect(text).toMatch(/^lumi_dependency_up\{dependency="service"\} 1$/m);
  expect(text).not.toMatch(/127\.0\.0\.1|lnt_|Bearer/);
});

it('a purchase is counted by the processes that took part, and by no others', async () => {
  expect((await buy('watched.test')).status).toBe(201);
  const texts = await scrapeAll();
  const has = (series: RegExp) => PROCESSES.filter((name) => series.test(texts.get(name) ?? ''));
  expect(
    has(/^lumi_gateway_requests_total\{product="domains",operation="buy-domain",status="201",code="none"\} 1$/m),
  ).toEqual(['gateway']);
  expect(
    has(/^lumi_service_requests_total\{product="domains",operation="buy-domain",status="201",code="none"\} 1$/m),
  ).toEqual(['domains']);
  for (const step of ['held', 'captured'])
    expect(
      has(new RegExp(`^lumi_money_steps_total\\{product="domains",kind="domain_register",step="${step}"\\} 1$`, 'm')),
    ).toEqual(['domains']);
  expect(
    has(/^lumi_supplier_calls_total\{product="domains",supplier="sandbox",call="execute",outcome="ok"\} 1$/m),
  ).toEqual(['domains']);
});

it('no metric holds a key, a secret, an id or an address', async () => {
  const secrets = [
    ...Object.values(
      JSON.parse(readFileSync(installation.file('secrets.json'), 'utf8')) as Record<string, unknown>,
    ).filter((value): value is string => typeof value === 'string' && value.length >= 12),
    ...Object.values(demo.products).flatMap(({ operator, reseller }) => [operator.key, reseller.key, reseller.user_id]),
  ];
  expect(secrets.length).toBeGreaterThan(8);
  for (const [name, text] of await scrapeAll()) {
    expect([name, secrets.filter((secret) => text.includes(secret))]).toEqual([name, []]);
    expect([name, text.match(/:\/\/|127\.0\.0\.1|watched\.test|Bearer/g)]).toEqual([name, null]);
  }
});

it('the gateway has no metrics on the port of the API', async () => {
  expect((await fetch(`${gateway}/metrics`)).status).toBe(404);
  expect((await fetch(`${gateway}/readyz`)).status).toBe(200);
});

it('a stop begins with readiness; what is in flight, and what comes in meanwhile, is finished', async () => {
  const slow = buy('slow-watched.test');
  launch.kill('SIGTERM');
  await until(async () => (await probe('gateway', '/readyz')).text === '{"status":"stopping"}', { timeoutMs: 10_000 });
  expect((await probe('gateway', '/healthz')).status).toBe(200);
  const late = await buy('late-watched.test');
  expect([late.status, late.headers.get('connection')]).toEqual([201, 'close']);
  expect((await slow).status).toBe(201);
  expect(await launch.end()).toMatchObject({ code: 0 });
  expect(readFileSync(installation.file('logs/gateway.log'), 'utf8')).not.toContain('a step of the shutdown failed');
});
