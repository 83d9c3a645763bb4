// The proxy service whose products come from addresses that nodes bring.
import { FixedClock } from '@lumi/shared/runtime';
import { withdrawEnded } from '../src/jobs/withdraw-ended';
import { nodeClient, REGISTRATION, type NodeClient } from './node-client';
import { NOW, owner, proxyTest, type ProxyTest } from './proxy-service';

export interface OwnTest extends NodeClient {
  readonly lumi: ProxyTest;
  readonly clock: FixedClock;
  /** `node_local` registers with these. */
  bring(exits: readonly object[]): Promise<void>;
  /** The state of each address. */
  stock(): Promise<Record<string, string>>;
  /** All proxies end and are given back. */
  endAll(): Promise<void>;
  places(product: string, level: string): Promise<object[]>;
}

export const exitAt = (address: string, more: object = {}) => ({
  address,
  country: 'DE',
  region: null,
  city: 'Frankfurt am Main',
  asn: 64_500,
  product: 'ipv4',
  ...more,
});

/** `127.70.<number>.1` to `.<count>`. A test has a subnet of its own, because its addresses rest. */
export const subnetOf = (number: number, count: number) =>
  Array.from({ length: count }, (_, i) => exitAt(`127.70.${String(number)}.${String(i + 1)}`));

export const orderOf = (quantity: number, more: object = {}) => ({
  product_id: 'ipv4',
  items: [{ country: 'DE', quantity }],
  period_days: 30,
  ...more,
});

export function ownTest(): OwnTest {
  const clock = new FixedClock(NOW);
  const lumi = proxyTest(clock, () => ({
    PROXY_NETWORKS: new Map(['ipv4', 'ipv6', 'mobile', 'dc_pool'].map((product) => [product, 'own'])),
  }));
  const node = nodeClient(lumi);
  const bring: OwnTest['bring'] = async (exits) => {
    const { status, text } = await node.call('post', 'node_local/register', {}, { ...REGISTRATION, exits });
    if (status !== 200) throw new Error(`the service answered ${String(status)}: ${text}`);
  };
  const endAll: OwnTest['endAll'] = async () => {
    const ended = `UPDATE proxy.proxy SET state = 'ended', access_version = access_version + 1 WHERE state = 'active'`;
    await owner(lumi, ended);
    await withdrawEnded(lumi.deps());
  };
  afterEach(async () => {
    const breaches = await lumi.audit();
    await endAll();
    await bring([]);
    clock.advance(90_000_000);
    expect(breaches).toEqual([]);
  });
  return {
    ...node,
    lumi,
    clock,
    bring,
    endAll,
    stock: async () =>
      Object.fromEntries(
        (await lumi.deps().db.ownStock.findMany({ orderBy: { address: 'asc' } })).map((row) => [
          row.address,
          row.state,
        ]),
      ),
    places: async (product, level) =>
      (await lumi.get(await lumi.account(), `/products/${product}/locations?level=${level}`)).body.items,
  };
}
