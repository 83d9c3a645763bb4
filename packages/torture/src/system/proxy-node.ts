// A proxy node under test: enrolled as an operator does it, behind a link of its own to the service, killed, stopped
// past its lease, and left without contact.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { unremembered, type GatewayClient } from '../customers/client';
import { pause, until } from '../waiting';
import type { Child } from './child';
import { NodeLink } from './node-link';
import type { System } from './system';
import { upTo } from './stores';

/** Longer than a node that is silent keeps what it holds (15 minutes). */
const SILENT_MS = 16 * 60_000;
/** Longer than a node without contact spends what it holds (10 minutes). */
const ALONE_MS = 11 * 60_000;
const STOPPED_LIMIT_MS = 20_000;
const FREED_LIMIT_MS = 30_000;
const LEAVES_LIMIT_MS = 60_000;
const HEARD_LIMIT_MS = 60_000;
const SERVERS = 2;

export interface NodeOptions {
  readonly system: System;
  readonly gateways: GatewayClient;
  /** Targets on loopback that it may reach. */
  readonly allow: string;
  /** The name server it asks. */
  readonly resolver: string;
}

let count = 0;

export class ProxyNode {
  readonly link: NodeLink;
  id = '';
  private child: Child | undefined;
  private tellStopped: () => void = () => undefined;
  /** What kills and stops it happens one after the other. */
  private changing: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: NodeOptions) {
    const { system } = options;
    this.link = new NodeLink(() => system.reachable(upTo(SERVERS).map((i) => `proxy-server-${i + 1}`)));
  }

  /** Resolves when it serves. */
  async start(): Promise<this> {
    const { system, gateways, allow, resolver } = this.options;
    await this.link.listen();
    system.links.node.push(this.link);
    const buyer = await system.makeOperator('proxy');
    const request = unremembered({ buyer, path: '/admin/nodes', body: { name: 'torture' } });
    const { json, status } = await gateways.send(request, 0);
    if (json?.id === undefined || json.token === undefined) throw new Error(`no node was enrolled (${status})`);
    this.id = json.id;
    count += 1;
    const name = `proxy-node-${count}`;
    const folder = join(system.cluster.folder, name);
    mkdirSync(folder, { mode: 0o700 });
    const env = {
      PROXY_NODE_ID: json.id,
      PROXY_NODE_TOKEN: json.token,
      PROXY_SERVICE_URL: `http://127.0.0.1:${this.link.port}`,
      PROXY_NODE_DATA: folder,
      PROXY_NODE_ALLOW: allow,
      PROXY_NODE_RESOLVERS: resolver,
      PROXY_NODE_DRAIN_S: '1',
    };
    this.child = system.child(name, 'services/proxy/dist/node/main.js', 'node', env, () => this.tellStopped());
    await this.child.start();
    return this;
  }

  get process(): Child {
    if (this.child === undefined) throw new Error('the node has not been started');
    return this.child;
  }

  /** `whenDead` is what happens after it, before anything else befalls the node. */
  kill(whenDead: () => Promise<void>): Promise<void> {
    return this.oneByOne(async () => {
      this.process.kill();
      await whenDead();
      await this.process.isUp();
    });
  }

  /**
   * SIGSTOP, and a quarter of an hour passes for the service and for the node, which wakes up after its leases were
   * given to others. True: they were.
   */
  stopPastLease(): Promise<boolean> {
    return this.oneByOne(async () => {
      const { process, options, id } = this;
      const { system } = options;
      await process.isUp();
      const { running } = process;
      const stopped = new Promise<void>((resolve) => (this.tellStopped = resolve));
      process.tell({ type: 'torture-elapse', ms: SILENT_MS, isStopped: true });
      await Promise.race([stopped, pause(STOPPED_LIMIT_MS)]);
      const isFreed = await until(() => this.agedUntilFree(id).catch(() => false), FREED_LIMIT_MS * system.stretch);
      running?.kill('SIGCONT');
      return isFreed;
    });
  }

  /** An exchange that was under way when it was stopped may come after the first look. */
  private async agedUntilFree(id: string): Promise<boolean> {
    const { system } = this.options;
    await system.query(
      `UPDATE proxy.usage_epoch SET heard_at = heard_at - interval '16 minutes'
        WHERE source = $1 AND closed_at IS NULL AND heard_at > now() - interval '15 minutes'`,
      [id],
    );
    return (await this.held()) === 0;
  }

  /** The link is cut, and ten minutes pass for the node. `then` is what happens before it has contact again. */
  alone(then: () => Promise<void>): Promise<void> {
    return this.oneByOne(async () => {
      this.link.shut(true);
      this.process.tell({ type: 'torture-elapse', ms: ALONE_MS, isStopped: false });
      await then();
      this.link.shut(false);
      await this.isHeard();
    });
  }

  /** Bytes that it may spend. */
  async held(): Promise<number> {
    const { rows } = await this.options.system.query<{ held: string }>(
      'SELECT coalesce(sum(granted - used), 0) AS held FROM proxy.lease WHERE source = $1',
      [this.id],
    );
    return Number(rows[0]?.held ?? 0);
  }

  /** Batches of all its processes that were taken. */
  async batches(): Promise<number> {
    const { rows } = await this.options.system.query<{ batches: string }>(
      'SELECT coalesce(sum(seq), 0) AS batches FROM proxy.usage_epoch WHERE source = $1',
      [this.id],
    );
    return Number(rows[0]?.batches ?? 0);
  }

  /** One more batch was taken than there are now. */
  async isHeard(more = 1): Promise<boolean> {
    const before = await this.batches();
    const limitMs = HEARD_LIMIT_MS * this.options.system.stretch;
    return until(async () => (await this.batches().catch(() => before)) >= before + more, limitMs);
  }

  /** SIGTERM: it drains, sends its last usage and leaves. */
  async leave(): Promise<void> {
    const { system } = this.options;
    await this.changing;
    await this.child?.stop(LEAVES_LIMIT_MS * system.stretch);
    if (this.child !== undefined) system.children.delete(this.child.name);
    system.links.node.splice(system.links.node.indexOf(this.link), 1);
    await this.link.close();
  }

  private oneByOne<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.changing.then(change);
    this.changing = changed.catch(() => undefined); // its caller gets the error
    return changed;
  }
}
