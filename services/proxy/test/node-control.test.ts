// The control side of nodes against the service: two nodes spend one plan, and what they are given, spend and report
// adds up in the books.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FixedClock, silentLog } from '@lumi/shared/runtime';
import { until, type TestAccount } from '@lumi/shared/testing';
import { pushAccess } from '../src/jobs/push-access';
import { Control } from '../src/node/control/control';
import { openServiceLink } from '../src/node/control/service-link';
import { hashOfToken } from '../src/nodes/node-token';
import { NODE_TOKEN, NOW, owner, proxyTest } from './proxy-service';

jest.setTimeout(90_000);

const GB = 1_000_000_000;
const MIB = 1_048_576;
const OTHER_TOKEN = 'lnt_of_the_other_node_0123456789';
const lumi = proxyTest(new FixedClock(NOW));

describe('two nodes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'lumi-nodes-'));
  let server: Server;
  let url: string;
  let who: TestAccount;
  let plan: string;
  let nodes: Control[];

  const openNode = async (id: string, token: string, first: number): Promise<Control> => {
    const control = await Control.open({
      link: openServiceLink({ url, nodeId: id, token }),
      folder: join(folder, id),
      targetLog: 'domain',
      log: silentLog,
      registration: () => ({
        version: '1',
        entry_host: null,
        ports: { first, last: first + 99, http: 19_080, socks: 19_081 },
        exits: [],
        allowed: [],
      }),
      connections: () => 0,
      onDrain: () => undefined,
      onRefused: () => undefined,
    });
    control.start();
    await control.ready;
    return control;
  };
  const spend = async (control: Control, most: number): Promise<number> => {
    const use = control.meter.use(plan, 'XA', 'www.shop.example');
    let passed = 0;
    while (passed < most) {
      const may = control.meter.spend(use, 'down', Math.min(262_144, most - passed));
      passed += may;
      if (may === 0 && !(await control.meter.whenFilled(plan, 3_000))) break;
      if (may > 0 && passed % (64 * 262_144) === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    use.end({ isError: false });
    return passed;
  };
  const used = async (): Promise<number> => {
    const { body } = await lumi.get(who, `/traffic-plans/${plan}`);
    return Math.round((body as { gb_used: number }).gb_used * GB);
  };

  beforeAll(async () => {
    server = createServer(lumi.app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    who = await lumi.account({ balance: '1000' });
    const bought = await lumi.pay(who, '/traffic-plans', { pool: 'residential', gb: 1 });
    plan = (bought.body as { plan: { id: string } }).plan.id;
    await owner(lumi, 'INSERT INTO proxy.node (id, name, token_hash, created_at) VALUES ($1, $1, $2, now())', [
      'node_other',
      hashOfToken(OTHER_TOKEN),
    ]);
    nodes = [await openNode('node_local', NODE_TOKEN, 20_000), await openNode('node_other', OTHER_TOKEN, 21_000)];
    await pushAccess(lumi.deps());
    await Promise.all(nodes.map((node) => until(() => node.rights.get(plan) !== null)));
  });
  afterEach(async () => expect(await lumi.audit()).toEqual([]));
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  });

  it('spend what they are given, and it shows in the plan to the byte', async () => {
    const passed = await Promise.all(nodes.map((node) => spend(node, 20 * MIB)));
    expect(passed).toEqual([20 * MIB, 20 * MIB]);
    await until(async () => (await used()) === 40 * MIB);
  });

  it('stop with four downloads at the last byte of the quota, and leave less than 1 MiB of it', async () => {
    const before = await used();
    const passed = await Promise.all([...nodes, ...nodes].map((node) => spend(node, GB)));
    const sum = before + passed.reduce((all, bytes) => all + bytes, 0);
    expect(sum).toBeLessThanOrEqual(GB);
    expect(GB - sum).toBeLessThan(MIB);
    await until(async () => (await used()) === sum);
  });

  it('go on after more was bought, and give back what is left when they leave', async () => {
    await lumi.pay(who, `/traffic-plans/${plan}/topup`, { gb: 1 });
    const before = await used();
    expect(await until(() => spend(nodes[0] as Control, MIB))).toBe(MIB); // there are two
    await Promise.all(nodes.map((node) => node.stop()));
    expect(await used()).toBe(before + MIB);
    const { rows } = await lumi.service.db.pool.query('SELECT bytes_leased::int FROM proxy.traffic_plan');
    expect(rows).toEqual([{ bytes_leased: 0 }]);
  });
});
