// A supplier of proxies as one of our networks. Its addresses are exits; entries, logins, limits and the meter are
// those of our nodes.
import type { Database } from '@lumi/shared/db';
import type { LookUp, Outcome } from '@lumi/shared/purchase';
import type { Clock } from '@lumi/shared/runtime';
import { nameOfCountry } from '../country-name';
import { inForce, readTold, tellAccess } from '../../store/feed';
import type {
  Access,
  AccessReading,
  AllocateRequest,
  Allocated,
  ExitReading,
  ExtendRequest,
  Health,
  Location,
  ProxyNetwork,
  ReplaceRequest,
  Rotated,
  TrafficAdded,
  TrafficReading,
  UsageLine,
} from '../proxy-network';
import { withSubnet } from '../subnet';
import { assetsSchema, cancelSchema, planSchema, proxySchema, replacedSchema, type ListedProxy } from './answers';
import { UpstreamBooks, type BookedExit, type UpstreamOptions } from './books';
import type { Answered, UpstreamClient } from './client';
import { upstreamKindOf } from './kinds';
import { UpstreamOrders } from './orders';
import { GONE, notOffered, outcomeOf, unknownOf } from './outcomes';
import { UpstreamReplacements } from './replacements';

/** Between two addresses that changed by themselves. */
const MOVES_MAX = 20;
const FOLLOW_EVERY_MS = 60_000;
/** Plans of one round. */
const FOLLOW_MAX = 20;
const COUNTRY = /^[A-Z]{2}$/;
/** It stands for any country. */
const ANY_COUNTRY = 'ZZ';

export class UpstreamNetwork implements ProxyNetwork {
  private readonly books: UpstreamBooks;
  private readonly orders: UpstreamOrders;
  private readonly replacements: UpstreamReplacements;

  constructor(
    private readonly db: Pick<Database, 'platform'>,
    private readonly clock: Clock,
    private readonly client: UpstreamClient,
    options: UpstreamOptions,
  ) {
    this.books = new UpstreamBooks(db, clock, options);
    this.orders = new UpstreamOrders(client, this.books);
    this.replacements = new UpstreamReplacements(client, this.books);
  }

  async locations(productId: string, signal: AbortSignal): Promise<readonly Location[]> {
    const kind = upstreamKindOf(productId);
    if (kind === null) return [];
    const path = '/api/v2/subscription/available_assets/';
    const assets = valueOf(await this.client.ask({ method: 'GET', path, schema: assetsSchema }, signal));
    return Object.entries(assets[kind.type]?.[kind.subtype]?.available_countries ?? {})
      .filter(([country]) => COUNTRY.test(country) && country !== ANY_COUNTRY)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([country, stock]) => ({
        level: 'country',
        code: country,
        country,
        name: nameOfCountry(country),
        stock,
        surcharge: 0n,
      }));
  }

  allocate(reference: string, request: AllocateRequest, signal: AbortSignal): Promise<Outcome<Allocated>> {
    return this.orders.send(reference, request, signal);
  }

  replace(reference: string, request: ReplaceRequest, signal: AbortSignal): Promise<Outcome<Allocated>> {
    return this.replacements.send(reference, request, signal);
  }

  /** A plan of the supplier goes on until it is cancelled: there is nothing to send. */
  async extend(
    reference: string,
    request: ExtendRequest,
    signal: AbortSignal,
  ): Promise<Outcome<Record<string, unknown>>> {
    const exits = await this.books.exits(request.networkIds);
    if (exits.length !== request.networkIds.length) return GONE;
    for (const planId of new Set(exits.map(({ plan_id: id }) => id))) {
      const path = `/api/v2/subscription/plan/${String(planId)}/`;
      const plan = await this.client.ask({ method: 'GET', path, schema: planSchema }, signal);
      if (plan.kind !== 'ok') return unknownOf(plan);
      if (plan.value.status !== 'active') return GONE;
    }
    const result = { until: [...request.until] };
    await this.books.noteExecuted(reference, 'extend', request, result);
    return { kind: 'done', result };
  }

  rotate(): Promise<Outcome<Rotated>> {
    return Promise.resolve(notOffered('Its addresses do not rotate.'));
  }

  addTraffic(): Promise<Outcome<TrafficAdded>> {
    return Promise.resolve(notOffered('It sells no traffic.'));
  }

  /** Absent only when nothing was written: a command is written before its first byte leaves. */
  async lookUp<R extends Record<string, unknown>>(reference: string, signal: AbortSignal): Promise<LookUp<R>> {
    const command = await this.books.find(reference);
    if (command === null) return { kind: 'absent' };
    const ended = outcomeOf<R>(command);
    if (ended !== null) return ended;
    const settled =
      command.command === 'replace'
        ? await this.replacements.settle(command, signal)
        : await this.orders.settle(command, signal);
    return settled as unknown as LookUp<R>; // of the command with this reference
  }

  async readExits(networkIds: readonly string[], signal: AbortSignal): Promise<readonly ExitReading[]> {
    const found = await this.running(networkIds, signal);
    return found.map(({ networkId, proxy }) => ({
      networkId,
      ...withSubnet(proxy.proxy_address),
      country: proxy.country_code,
      city: proxy.city_name,
      asn: 0,
      until: null,
    }));
  }

  readTraffic(): Promise<readonly TrafficReading[]> {
    return Promise.resolve([]);
  }

  async health(networkIds: readonly string[], signal: AbortSignal): Promise<readonly Health[]> {
    const running = new Map((await this.running(networkIds, signal)).map((one) => [one.networkId, one.proxy]));
    return networkIds.map((networkId) => {
      const proxy = running.get(networkId);
      const isHealthy = proxy?.valid === true;
      return { networkId, isHealthy, latencyMs: null, exitCountry: isHealthy ? proxy.country_code : null };
    });
  }

  async readAccess(subjects: readonly string[]): Promise<readonly AccessReading[]> {
    return (await readTold(this.db.platform, 'upstream', subjects)).map((told) => ({ ...told, held: null }));
  }

  async applyAccess(access: readonly Access[]): Promise<readonly string[]> {
    const now = this.clock.now();
    const told = access.map(({ subject, version, isOver }) => ({ subject, version, isRemoved: isOver }));
    await tellAccess(this.db.platform, 'upstream', told, now);
    return inForce(this.db.platform, told, now);
  }

  /** A plan of which nothing is in use is cancelled. Cancelling twice does no harm. */
  async withdraw(networkIds: readonly string[], signal: AbortSignal): Promise<void> {
    for (const planId of await this.books.giveUp(networkIds)) {
      const path = `/api/v2/subscription/plan/${String(planId)}/cancel/`;
      const answer = await this.client.ask({ method: 'POST', path, body: {}, schema: cancelSchema }, signal);
      // Refused: it does not exist any more.
      if (answer.kind !== 'refused') valueOf(answer);
    }
  }

  /** Nodes count what is used, so the supplier's counters bill nobody. */
  usageAfter(position: string | null): Promise<{ lines: readonly UsageLine[]; position: string | null }> {
    return Promise.resolve({ lines: [], position });
  }

  /** Each plan is asked about once a minute. One that cannot be read does not keep the others from it. */
  async followExits(signal: AbortSignal): Promise<boolean> {
    const before = new Date(this.clock.nowMs() - FOLLOW_EVERY_MS);
    const plans = await this.books.plansNotReadSince(before, FOLLOW_MAX);
    const faults: unknown[] = [];
    for (const { plan_id: planId, network_ids: ids } of plans) {
      await this.running(ids, signal).catch((err: unknown) => faults.push(err));
      await this.books.notePlanAsked(planId);
    }
    if (faults.length > 0)
      throw new Error(`the supplier of proxies does not answer about ${String(faults.length)} plans`, {
        cause: faults[0],
      });
    return plans.length === FOLLOW_MAX;
  }

  /** Those that the supplier runs, at the addresses that they have by now. */
  private async running(
    networkIds: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly { readonly networkId: string; readonly proxy: ListedProxy }[]> {
    const exits = await this.books.exits(networkIds);
    const plans = [...new Set(exits.map(({ plan_id: id }) => id))];
    const found: { readonly exit: BookedExit; readonly proxy: ListedProxy }[] = [];
    for (const planId of plans) {
      const query = { plan_id: planId, mode: 'direct' };
      const list = valueOf(await this.client.list('/api/v2/proxy/list/', query, proxySchema, signal));
      const byAddress = new Map(list.map((proxy) => [proxy.proxy_address, proxy]));
      const ofPlan = exits.filter((exit) => exit.plan_id === planId);
      const isMoved = ofPlan.some(({ address }) => !byAddress.has(address));
      const moves = isMoved ? await this.movesOf(planId, signal) : new Map<string, string>();
      for (const exit of ofPlan) {
        const proxy = byAddress.get(lastOf(exit.address, moves));
        if (proxy !== undefined) found.push({ exit, proxy });
      }
    }
    await this.books.noteRead(found);
    return found.map(({ exit, proxy }) => ({ networkId: exit.network_id, proxy }));
  }

  /** Addresses that the supplier changed by itself. Replacements that we asked for are not among them. */
  private async movesOf(planId: number, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const path = '/api/v2/proxy/list/replaced/';
    const replaced = valueOf(await this.client.list(path, { plan_id: planId }, replacedSchema, signal));
    return new Map(
      replaced.filter(({ reason }) => reason.startsWith('auto_')).map((one) => [one.proxy, one.replaced_with]),
    );
  }
}

function lastOf(address: string, moves: ReadonlyMap<string, string>): string {
  let last = address;
  for (let move = 0; move < MOVES_MAX; move += 1) {
    const next = moves.get(last);
    if (next === undefined) return last;
    last = next;
  }
  return last;
}

/** Of a question that changes nothing: without an answer the network does not answer. */
function valueOf<T>(answer: Answered<T>): T {
  if (answer.kind === 'ok') return answer.value;
  throw new Error('the supplier of proxies does not answer', { cause: unknownOf(answer).cause });
}
