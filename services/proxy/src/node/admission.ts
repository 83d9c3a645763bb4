// Everything that is asked before a target is dialled. The order is part of the contract: what is wrong with the right
// comes first, then the target, then the limits, then the exit.
import { isIP } from 'node:net';
import type { Finding, Target } from '@lumi/shared/egress';
import { elapsedMs, type Log } from '@lumi/shared/runtime';
import { isCheckName } from './check-login';
import type { Checks } from './checks';
import type { Client } from './client';
import { ADDRESSES_MAX, type Dialled } from './dialled';
import type { Echo } from './echo';
import type { Exits } from './exits';
import { DRY_MS } from './link';
import type { LoginGuard } from './login-guard';
import type { Meter, NodeEvents } from './meter';
import { NO_WISH, readUserName, type Wish } from './user-name';
import type { Passage, Passages } from './passages';
import { whyNot } from './permission';
import type { RefusalWord } from './refusals';
import type { Grant, Right, Rights } from './rights';
import type { AbuseSigns } from './abuse-signs';
import { Seldom } from './control/seldom';

export type Protocol = 'http' | 'socks5';

export interface Caller extends Grant {
  readonly wish: Wish;
  readonly client: string;
}

export type Admitted = { readonly passage: Passage; readonly dialled: Dialled } | { readonly refusal: RefusalWord };

export interface Parts {
  readonly rights: Rights;
  readonly meter: Meter;
  readonly exits: Exits;
  readonly passages: Passages;
  readonly checks: Checks;
  readonly guard: LoginGuard;
  readonly signs: AbuseSigns;
  readonly events: NodeEvents;
  readonly echo: Echo;
  readonly log: Log;
  readonly lookup: { find(target: Target, families: readonly (4 | 6)[]): Promise<Finding> };
  /** Whether a supplier's proxy may be dialled at this place. Absent: at none. */
  readonly mayPassTo?: (address: string, port: number) => boolean;
}

/** Of the judge's words, those of the table of refusals. */
const OF_FINDING = {
  port: 'port',
  own: 'target',
  address: 'target',
  dns: 'name',
  dns_timeout: 'timeout',
  family: 'family',
} as const satisfies Readonly<Record<Extract<Finding, { refusal: unknown }>['refusal'], RefusalWord>>;

const NO_BYTES = { up: 0, down: 0 };

export class Admission {
  /** The node drains: a client's connection ends with the request in work. */
  isLeaving = false;
  private readonly faults = new Seldom();

  constructor(private readonly parts: Parts) {}

  /** `pair` null: the client shows none, so its address must be allowed. */
  identify(
    client: Client,
    protocol: Protocol,
    pair: readonly [name: string, password: string] | null,
  ): Caller | { refusal: RefusalWord } {
    // First: an allowed address would make it the customer's.
    if (pair !== null && isCheckName(pair[0])) return this.identifyCheck(client, pair);
    const { rights, guard, events } = this.parts;
    const byAddress = client.port === null ? null : rights.byAddress(client.port, client.address);
    if (byAddress !== null) {
      events.seen(byAddress.right.subject, rights.allowedBy(byAddress.right.subject, client.address));
      const wish = (pair === null ? null : readUserName(pair[0]))?.wish ?? NO_WISH;
      return { ...byAddress, wish, client: client.address };
    }
    if (pair === null) return { refusal: 'credentials' };
    if (guard.isRefused(client.bucket, client.port)) return { refusal: 'logins' };
    const name = readUserName(pair[0]);
    const grant = name === null ? null : rights.byLogin(client.port, name.base, pair[1]);
    if (grant === null || name === null) {
      if (guard.countWrong(client.bucket, client.port)) this.parts.signs.loginGuessing(client.bucket);
      this.reportWrong(client, protocol, pair[0]);
      return { refusal: 'credentials' };
    }
    events.seen(grant.right.subject, null);
    return { ...grant, wish: name.wish, client: client.address };
  }

  /** The passage is open when this resolves with one: end it. */
  async admit(caller: Caller, protocol: Protocol, target: Target): Promise<Admitted> {
    const { right, proof, wish, client } = caller;
    const { rights, events, checks } = this.parts;
    const { passages } = proof.by === 'check' ? checks : this.parts;
    const begin = elapsedMs();
    const report = (refusal: RefusalWord | null, exit: string | null = null, bytes = NO_BYTES): void => {
      if (proof.by === 'check') return;
      const ms = elapsedMs() - begin;
      events.ended({ subject: right.subject, client, protocol, target: target.host, exit, ...bytes, ms, refusal });
    };
    const turnedAway = (refusal: RefusalWord): Admitted => {
      report(refusal);
      return { refusal };
    };
    const why = whyNot(right, rights.nowMs(), target.host);
    if (why !== null) return turnedAway(why);
    if (proof.by === 'check' && !checks.isFor(caller, target)) return turnedAway('target');
    if (right.port !== null && right.protocol !== 'both' && right.protocol !== protocol) return turnedAway('protocol');
    const passage = passages.open(right, proof, target.host);
    if (passage === null) return turnedAway('concurrency');
    const endCheck = proof.by === 'check' ? endAt(passage, proof.untilMs - rights.nowMs()) : null;
    passage.onEnded = () => {
      endCheck?.();
      report(passage.refusal, passage.exit, passage.bytes);
    };
    try {
      const dialled = await this.prepare(passage, right, wish, target);
      if (typeof dialled !== 'string') return { passage, dialled };
      passage.refusal = dialled;
      passage.end(true);
      return { refusal: dialled };
    } catch (err) {
      this.faults.say(String(err), () => this.parts.log.error('a connection could not be admitted', { err }));
      passage.end(true);
      throw err;
    }
  }

  /** What to dial, when the passage counts; or why it may not. */
  private async prepare(passage: Passage, right: Right, wish: Wish, target: Target): Promise<Dialled | RefusalWord> {
    const { exits, signs, checks } = this.parts;
    const { meter } = passage.proof.by === 'check' ? checks : this.parts;
    if (right.isMetered && meter.isDry(right.subject) && !(await meter.whenFilled(right.subject, DRY_MS)))
      return 'quota';
    const exit = exits.choose(right, wish);
    if (typeof exit === 'string') return exit;
    if (isIP(exit.address) === 0) return 'exit';
    const { upstream } = right;
    if (upstream !== null && !this.mayPassTo(upstream)) return 'exit';
    signs.target(right.subject, target.host);
    const dialled = this.parts.echo.isTarget(target)
      ? this.ofEcho(target, exit.address, upstream !== null)
      : dialledOf(await this.parts.lookup.find(target, [familyOf(exit.address)]), target.port, exit.address);
    if (dialled === 'port') signs.refusedPort(right.subject);
    if (typeof dialled === 'string') return dialled;
    passage.begin(meter.use(right.subject, exit.country, target.host), exit.address);
    return upstream === null ? dialled : { ...dialled, upstream };
  }

  /** The address is the supplier's word, so it must not lead into our own network. */
  private mayPassTo({ address, port }: { readonly address: string; readonly port: number }): boolean {
    if (this.parts.mayPassTo?.(address, port) === true) return true;
    const what = 'the endpoint of a supplier is no address of the public internet; PROXY_NODE_ALLOW lifts it';
    this.faults.say(`${address}:${String(port)}`, () => this.parts.log.error(what, { address, port, alert: true }));
    return false;
  }

  private identifyCheck(client: Client, pair: readonly [string, string]): Caller | { refusal: RefusalWord } {
    const { guard, checks } = this.parts;
    if (guard.isRefused(client.bucket, client.port)) return { refusal: 'logins' };
    const grant = checks.byLogin(client.port, pair);
    if (grant !== null) return { ...grant, wish: NO_WISH, client: client.address };
    if (guard.countWrong(client.bucket, client.port)) this.parts.signs.loginGuessing(client.bucket);
    return { refusal: 'credentials' };
  }

  /** A wrong pair for a known subject. There are no more of these than the guard counts. */
  private reportWrong(client: Client, protocol: Protocol, userName: string): void {
    const subject = this.parts.rights.subjectAt(client.port, userName.split('-', 1)[0] ?? '');
    if (subject === null) return;
    const none = { target: null, exit: null, ...NO_BYTES, ms: 0 };
    this.parts.events.ended({ subject, client: client.address, protocol, ...none, refusal: 'credentials' });
  }

  private ofEcho(target: Target, localAddress: string, isPassedOn: boolean): Dialled | RefusalWord {
    if (isPassedOn) return 'target'; // it listens on our loopback, where no supplier reaches it
    const place = this.parts.echo.placeOf(target, familyOf(localAddress));
    return typeof place === 'string' ? place : { addresses: [place.address], port: place.port, localAddress };
  }
}

function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}

function dialledOf(finding: Finding, port: number, localAddress: string): Dialled | RefusalWord {
  if ('refusal' in finding) return OF_FINDING[finding.refusal];
  const addresses = finding.addresses.slice(0, ADDRESSES_MAX);
  return addresses.length === 0 ? 'name' : { addresses, port, localAddress };
}

/** Ends it when the time of its check is over. Answers what takes that back. */
function endAt(passage: Passage, leftMs: number): () => void {
  const timer = setTimeout(() => passage.resetFor('timeout'), leftMs);
  return () => clearTimeout(timer);
}
