// The proxy service whose product `isp` comes from a double of a supplier, with a node that gives entries.
import { createUpstreamDouble, type UpstreamDouble } from '@lumi/upstream-proxy-double';
import { FixedClock } from '@lumi/shared/runtime';
import { freePort } from './free-port';
import { nodeClient } from './node-client';
import { NOW, proxyTest, type ProxyTest } from './proxy-service';

const TOKEN = 'token-of-the-double';
/** A fault of the double that never answers costs this. */
const TIMEOUT_MS = 400;

export const UPSTREAM_ORDER = { product_id: 'isp', items: [{ country: 'US', quantity: 2 }], period_days: 30 };

export interface UpstreamTest {
  readonly lumi: ProxyTest;
  readonly clock: FixedClock;
  readonly double: () => UpstreamDouble;
}

export function upstreamTest(countries: Readonly<Record<string, number>>): UpstreamTest {
  const port = freePort();
  const clock = new FixedClock(NOW);
  let double: UpstreamDouble | null = null;
  beforeAll(async () => {
    double = await createUpstreamDouble({ token: TOKEN, countries, port });
  });
  const lumi = proxyTest(clock, () => ({
    PROXY_NETWORKS: new Map([['isp', 'upstream']]),
    PROXY_UPSTREAM_URL: `http://127.0.0.1:${String(port)}`,
    PROXY_UPSTREAM_TOKEN: TOKEN,
    PROXY_UPSTREAM_TIMEOUT_MS: TIMEOUT_MS,
  }));
  const { register } = nodeClient(lumi);
  beforeAll(async () => {
    await register();
  });
  afterEach(async () => {
    expect(double?.faults.left).toBe(0);
    expect(await lumi.audit()).toEqual([]);
  });
  afterAll(() => double?.stop());
  return {
    lumi,
    clock,
    double: () => {
      if (double === null) throw new Error('the double is not there yet');
      return double;
    },
  };
}
