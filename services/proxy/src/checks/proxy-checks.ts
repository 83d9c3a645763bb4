// Checks of proxies: whether a connection through each of them works, how fast, and where it comes out. A proxy that
// has an entry at a node is tried through that entry; of others the network is asked, which is the sandbox's books, and
// of a supplier's if all targets are inside the node.
import type { SecretRing, Clock } from '@lumi/shared/runtime';
import type { PrismaClient } from '../generated/db/client';
import { checkKey, makeCheckLogin } from '../node/check-login';
import { portsOf } from '../store/entries';
import type { ProxyRow } from '../store/proxy-row';
import type { Networks } from '../supplier/networks';
import type { Service } from '@lumi/shared/service';
import { BUILT_IN, type CheckTarget } from './check-targets';
import { Slots } from './slots';
import { throughProxy, type Passing, type Stage } from './through-proxy';

export type Checkable = Pick<
  ProxyRow,
  'id' | 'network' | 'network_id' | 'host' | 'port' | 'port_socks' | 'protocol' | 'country'
>;

export interface Checked {
  readonly id: string;
  /** Null: it could not be tried, which says nothing about the proxy. */
  readonly isHealthy: boolean | null;
  readonly latencyMs: number | null;
  readonly country: string | null;
  /** The address that the built-in target saw. */
  readonly seenIp: string | null;
  /** The target's. */
  readonly status: number | null;
  /** The word of the proxy's refusal. */
  readonly refusal: string | null;
  /** Null: it works. */
  readonly message: string | null;
}

/** Of one proxy, all tries together. */
const CHECK_MS = 15_000;
/** In this process. */
const CHECKS_AT_ONCE = 100;
/** Of one account in this process, in work and waiting. */
export const ACCOUNT_CHECKS_MAX = 200;
const NETWORK_MS = 8_000;
/** A login works a little longer than its check, for clocks that differ. */
const SKEW_MS = 5_000;
const TARGETS_TRIED = 2;

/** The login was not taken: the node has another key, or too many wrong logins came from our address. */
const LOGIN_WORDS: ReadonlySet<string> = new Set(['credentials', 'logins']);
/** RFC 1928 §6, where the proxy did not say its word over HTTP. */
const WORDS_OF_CODES: Readonly<Record<number, string>> = { 4: 'unreachable', 5: 'refused', 6: 'timeout' };

const FAILURES: Readonly<Record<Stage, string>> = {
  entry: 'The entry of the proxy does not answer.',
  proxy: 'The proxy ended the connection without an answer.',
  tls: 'The target made no TLS connection with a valid certificate.',
  target: 'The target did not answer in HTTP.',
};

export interface ProxyChecksParts {
  readonly db: Pick<PrismaClient, 'entryPort' | 'upstreamExit'>;
  readonly networks: Pick<Networks, 'ofRows'>;
  readonly clock: Clock;
  readonly ring: SecretRing;
  /** Not empty. */
  readonly targets: readonly CheckTarget[];
  readonly limitMs?: number;
}

/** `targets` absent: the target inside each node. */
export function checksOf(
  { clock, config }: Pick<Service, 'clock' | 'config'>,
  db: ProxyChecksParts['db'],
  networks: ProxyChecksParts['networks'],
  targets: readonly CheckTarget[] = BUILT_IN,
): ProxyChecks {
  return new ProxyChecks({ db, networks, clock, ring: config.SECRET_RING, targets });
}

export class ProxyChecks {
  private readonly slots = new Slots(CHECKS_AT_ONCE);
  private readonly running = new Map<string, number>();
  private turn = 0;

  constructor(private readonly parts: ProxyChecksParts) {}

  get targets(): readonly CheckTarget[] {
    return this.parts.targets;
  }

  /** As `check`, for an account. Null: it has too many in work. */
  async checkFor(
    account: string,
    rows: readonly Checkable[],
    target: CheckTarget | null,
    signal: AbortSignal,
  ): Promise<readonly Checked[] | null> {
    const before = this.running.get(account) ?? 0;
    if (before + rows.length > ACCOUNT_CHECKS_MAX) return null;
    this.running.set(account, before + rows.length);
    try {
      return await this.check(rows, target, signal);
    } finally {
      const left = (this.running.get(account) ?? 0) - rows.length;
      if (left > 0) this.running.set(account, left);
      else this.running.delete(account);
    }
  }

  /**
   * One result for each, in their order. `target` null: those of the settings, in turn. Rejects when the network does
   * not answer. What has not begun when the signal aborts was not tried.
   */
  async check(
    rows: readonly Checkable[],
    target: CheckTarget | null,
    signal: AbortSignal,
  ): Promise<readonly Checked[]> {
    const ids = rows.map((row) => row.network_id);
    const ports = await portsOf(this.parts.db, ids);
    // A supplier reaches no target inside a node.
    const isOnlyEcho = target === null && this.parts.targets.every(({ isEcho }) => isEcho);
    const outside = isOnlyEcho ? await this.suppliers(ids) : new Set();
    const byNetwork = await this.askNetwork(rows.filter(({ network_id: id }) => !ports.has(id) || outside.has(id)));
    return Promise.all(
      rows.map(
        async (row) =>
          byNetwork.get(row.id) ??
          (await this.slots.run(() => (signal.aborted ? Promise.resolve(untried(row)) : this.tryOne(row, target)))),
      ),
    );
  }

  private async suppliers(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const where = { network_id: { in: [...ids] } };
    const rows = await this.parts.db.upstreamExit.findMany({ where, select: { network_id: true } });
    return new Set(rows.map((row) => row.network_id));
  }

  private async askNetwork(rows: readonly Checkable[]): Promise<ReadonlyMap<string, Checked>> {
    if (rows.length === 0) return new Map();
    const signal = AbortSignal.timeout(NETWORK_MS);
    const answers = await this.parts.networks.ofRows(rows, async (network, some) => {
      const seen = await network.health(
        some.map((row) => row.network_id),
        signal,
      );
      const byId = new Map(seen.map((one) => [one.networkId, one]));
      return some.map(({ id, network_id: networkId }): Checked => {
        const { isHealthy = false, latencyMs = null, exitCountry = null } = byId.get(networkId) ?? {};
        const message = isHealthy ? null : 'The network says that it does not work.';
        return { ...NOTHING, id, isHealthy, latencyMs, country: exitCountry, message };
      });
    });
    return new Map(answers.flat().map((one) => [one.id, one]));
  }

  private async tryOne(row: Checkable, given: CheckTarget | null): Promise<Checked> {
    const { targets, limitMs = CHECK_MS } = this.parts;
    const tried = given === null ? Math.min(targets.length, TARGETS_TRIED) : 1;
    let result = untried(row);
    for (let i = 0; i < tried; i += 1) {
      const target = given ?? targets[(this.turn += 1) % targets.length];
      if (target === undefined) break;
      result = checkedOf(row, await this.pass(row, target, AbortSignal.timeout(limitMs / tried)));
      if (result.isHealthy !== false) break;
    }
    return result;
  }

  private async pass(row: Checkable, target: CheckTarget, signal: AbortSignal): Promise<Passing> {
    const isSocks = row.protocol === 'socks5';
    const wish = { entry: { host: row.host, port: isSocks ? row.port_socks : row.port }, target };
    const passing = await throughProxy(
      { ...wish, way: isSocks ? 'socks5' : 'http', pair: this.loginFor(row, target) },
      signal,
    );
    if (passing.kind !== 'refused' || passing.code === null) return passing;
    // SOCKS5 has a code for many words. The same entry says the word over HTTP.
    const said = await throughProxy(
      { entry: { host: row.host, port: row.port }, target, way: 'tunnel', pair: this.loginFor(row, target) },
      signal,
    );
    const word = said.kind === 'refused' ? said.word : null;
    return { ...passing, word: word ?? WORDS_OF_CODES[passing.code] ?? null };
  }

  private loginFor(row: Checkable, { target }: CheckTarget): readonly [string, string] {
    const { ring, clock, limitMs = CHECK_MS } = this.parts;
    const secret = ring.byVersion.get(ring.current);
    if (secret === undefined) throw new Error('the secret ring has no current key');
    return makeCheckLogin(checkKey(secret), { subject: row.id, target, untilMs: clock.nowMs() + limitMs + SKEW_MS });
  }
}

const NOTHING = { latencyMs: null, country: null, seenIp: null, status: null, refusal: null };

function untried({ id }: Checkable): Checked {
  return { ...NOTHING, id, isHealthy: null, message: 'There was no time left to try it. Try again.' };
}

function checkedOf({ id, country }: Checkable, passing: Passing): Checked {
  if (passing.kind === 'answered') {
    const { latencyMs, seenIp, status } = passing;
    return { id, isHealthy: true, latencyMs, country, seenIp, status, refusal: null, message: null };
  }
  if (passing.kind === 'failed') {
    const late = 'It took longer than a check may take.';
    return { ...NOTHING, id, isHealthy: false, message: passing.isTooLate ? late : FAILURES[passing.at] };
  }
  const { word } = passing;
  if (word !== null && LOGIN_WORDS.has(word))
    return {
      ...NOTHING,
      id,
      isHealthy: null,
      message: 'The proxy did not take Lumi’s own login. Try again in a minute.',
    };
  return { ...NOTHING, id, isHealthy: false, refusal: word, message: 'The proxy refused the connection.' };
}
