// What goes wrong in a run, and when: drawn from the seed before the run begins.
import { shuffled } from './bulks.mjs';
import { DEEDS, LEADS } from './deeds.mjs';
import { wayTo } from './owed.mjs';
import { TIMES } from './system.mjs';

const { leaseMs } = TIMES.purchase;
/** Until somebody else has taken the order. */
const TAKEN_AFTER_MS = 2_000;

/**
 * What is hit at a named point of its way, mostly a purchase: `ending` is the magic name, `at` the point, `do` the fault, `who` passes the point, `beside` is
 * bought at the same time, `lead` another way to the point than a purchase (deeds.mjs), of the product `of`. `trap` cuts the database's answer to a statement that was executed.
 */
export const PIECES = [
  { id: 'stop-after-act', ending: 'plain', who: 'server', at: 'after-act', do: 'stop' },
  { id: 'stop-after-refusal', ending: 'refused', who: 'server', at: 'after-act', do: 'stop', beside: 'stays-unknown-4' },
  { id: 'stop-before-act', ending: 'plain', who: 'server', at: 'after-hold', do: 'stop' },
  { id: 'kill-after-settle', ending: 'plain', who: 'server', at: 'after-settle', do: 'kill' },
  { id: 'kill-before-act', ending: 'plain', who: 'server', at: 'after-hold', do: 'kill' },
  { id: 'kill-after-act', ending: 'plain', who: 'server', at: 'after-act', do: 'kill' },
  { id: 'kill-before-hold', ending: 'plain', who: 'server', at: 'before-hold', do: 'kill' },
  { id: 'kill-worker-after-take-over', ending: 'timeout-after-success', who: 'worker', at: 'after-take-over', do: 'kill' },
  { id: 'stop-worker-after-look-up', ending: 'timeout-after-refusal', who: 'worker', at: 'after-look-up', do: 'stop' },
  { id: 'kill-worker-after-settle', ending: 'error-before', who: 'worker', at: 'after-settle', do: 'kill' },
  { id: 'hold-answer-cut', ending: 'plain', trap: 'purchase_begin' },
  { id: 'settle-answer-cut', ending: 'plain', trap: 'purchase_settle' },
  { id: 'kill-before-credit', lead: 'deposit', who: '(server|worker)', at: 'before-credit', do: 'kill' },
  { id: 'kill-after-credit', lead: 'deposit', who: '(server|worker)', at: 'after-credit', do: 'kill' },
  { id: 'kill-after-seize', lead: 'orderDecided', who: 'server', at: 'after-seize', do: 'kill', of: 'domains' },
  { id: 'kill-before-decision', lead: 'orderDecided', who: 'server', at: 'before-decision', do: 'kill', of: 'domains' },
  { id: 'kill-operation-after-seize', lead: 'operationDecided', who: 'server', at: 'after-seize', do: 'kill', of: 'vps' },
  { id: 'kill-before-renewal', lead: 'renewal', who: 'worker', at: 'before-renewal', do: 'kill', of: 'domains' },
];
/** A short run has time for these: the states that every run must reach. */
const SHORT = ['stop-after-act', 'stop-after-refusal', 'stop-before-act', 'kill-after-settle', 'settle-answer-cut'];

const AT_ANY_TIME = [
  [3, 'kill-server'], [3, 'kill-worker'], [2, 'kill-gateway'], [2, 'pause-worker'], [1, 'pause-server'], [1, 'pause-gateway'],
  [3, 'cut-client-links'], [3, 'cut-service-links'], [2, 'cut-inside-answer'], [2, 'slow-links'], [2, 'silent-service-link'], [2, 'silent-postgres-link'],
  [3, 'cut-postgres-links'], [3, 'terminate-backends'], [2, 'trap-any-settle'], [2, 'trap-any-hold'], [1, 'restart-postgres'], [1, 'crash-postgres'], [2, 'step-clock'], [2, 'flush-queue'],
];
const OF_REDIS = [[3, 'flush-redis'], [2, 'stop-redis'], [2, 'slow-redis'], [2, 'cut-redis-links']];

/** `[{ atMs, what, … }]`, in order. What the run owes is part of it, whatever chance says. */
export function planFaults({ random, seconds, useRedis, products, owed }) {
  const stream = random.stream('faults');
  const ways = owed.map(wayTo).filter((way) => way !== null);
  const isMine = ({ id }) => SHORT.includes(id) || ways.some(({ piece }) => piece === id);
  const chosen = shuffled(PIECES.filter((piece) => (seconds >= 20 || isMine(piece)) && (piece.of === undefined || products.includes(piece.of))), stream);
  const spanMs = seconds * 1_000;
  const pieces = chosen.map((piece, i) => ({ atMs: Math.round(500 + (spanMs * 0.85 * i) / chosen.length), what: 'piece', piece }));
  const deeds = [...new Set(ways.flatMap(({ deed }) => deed ?? []))].map((deed, i, all) => ({ atMs: Math.round(1_000 + (spanMs * 0.6 * i) / all.length), what: 'deed', deed }));
  const owedFaults = ways.flatMap(({ what }) => what ?? []).map((what, i, all) => ({ atMs: Math.round(spanMs * (0.25 + (0.6 * i) / all.length)), what, draw: stream.next(), ms: stream.between(200, 1_500) }));
  const count = Math.max(2, Math.round(seconds / 2.5));
  const choices = useRedis ? [...AT_ANY_TIME, ...OF_REDIS] : AT_ANY_TIME;
  const others = Array.from({ length: count }, (_, i) => ({
    atMs: Math.round(spanMs * (0.05 + (0.9 * (i + stream.next())) / count)), what: stream.weighted(choices), draw: stream.next(), ms: stream.between(200, 1_500),
  }));
  // Once in every run, whatever chance says.
  if (useRedis) others.push({ atMs: Math.round(spanMs * 0.6), what: 'flush-redis', draw: 0, ms: 0 });
  return [...pieces, ...deeds, ...owedFaults, ...others].sort((a, b) => a.atMs - b.atMs);
}

export class Faults {
  constructor({ run, buyer, random }) {
    const { system, workload, note } = run;
    Object.assign(this, { run, system, workload, buyer, random, note });
    this.pending = new Set();
    this.running = new Set();
    this.done = new Set();
    this.reached = new Set();
  }

  /** A process says that it has come to an armed point. */
  onPoint(child, { point, action, match, piece, subject }) {
    this.note(`${child.name}: ${action} at ${point} (${subject})`);
    this.reached.add(`${action} at ${point}`);
    this.reached.add(match.replace(/^-(.*)-$/, '$1'));
    if (piece !== undefined) this.reached.add(piece);
    for (const other of this.system.children.values()) other.tell({ type: 'torture-disarm', match });
    if (action === 'stop') {
      const { running } = child;
      // Healing waits until it has gone on, and done what it does so late.
      const goesOn = later(this.pastLeaseMs(), () => running?.kill('SIGCONT')).then(() => later(TAKEN_AFTER_MS, () => undefined));
      this.pending.add(goesOn);
      void goesOn.finally(() => this.pending.delete(goesOn));
    }
  }

  async perform(plan) {
    const startedAt = performance.now();
    for (const step of plan) {
      const waitMs = step.atMs - (performance.now() - startedAt);
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
      this.note([step.what, step.piece?.id ?? step.deed].filter(Boolean).join(' '));
      this.done.add(step.what);
      this.begin(step);
    }
  }

  /** Healing waits for it. */
  begin(step) {
    const name = step.what === 'piece' ? step.piece.id : (step.deed ?? step.what);
    if (step.what === 'piece' || step.what === 'deed') {
      if (this.running.has(name)) return;
      this.running.add(name);
    }
    const work = Promise.resolve()
      .then(() => (step.what === 'piece' ? this.piece(step.piece) : step.what === 'deed' ? DEEDS[step.deed](this.run) : this[camel(step.what)](step)))
      .catch((err) => this.note(`${name} failed: ${err.message}`))
      .finally(() => {
        this.pending.delete(work);
        this.running.delete(name);
      });
    this.pending.add(work);
  }

  /** What the run owes and has not reached, once more: another fault may have cut it short. */
  again(states) {
    const ways = states.map(wayTo).filter((way) => way !== null);
    for (const id of new Set(ways.flatMap(({ piece }) => piece ?? []))) this.begin({ what: 'piece', piece: PIECES.find((piece) => piece.id === id) });
    for (const deed of new Set(ways.flatMap(({ deed: one }) => one ?? []))) this.begin({ what: 'deed', deed });
  }

  /** Everything that is still broken is repaired; nothing new breaks. */
  async heal() {
    while (this.pending.size > 0) await Promise.all(this.pending);
    this.isHealed = true;
    for (const link of this.system.allLinks()) {
      link.latencyMs = 0;
      link.traps.length = 0;
      link.cutAfter = undefined;
      link.silence(false);
      link.shut(false);
    }
    // Connections that were to break after so many bytes do it now.
    for (const link of [...this.system.links.client, ...this.system.links.service]) link.cut();
    for (const child of this.system.children.values()) {
      child.tell({ type: 'torture-disarm' });
      child.tell({ type: 'torture-go' });
      child.tell({ type: 'torture-clock', offsetMs: 0 });
      child.running?.kill('SIGCONT');
    }
  }

  async piece({ id, ending, who, at, do: action, trap, beside, lead = 'buy' }) {
    const match = `-${id}-`;
    const links = this.system.links.postgres.filter(({ name }) => /-server-/.test(name));
    const arm = (text) => this.arm({ who, at, do: action, match: text, piece: id });
    if (trap === undefined) arm(match);
    else for (const link of links) link.trapAnswer(trap, match, () => this.reached.add(id));
    await new Promise((resolve) => setTimeout(resolve, 50));
    // Money that is held for something else, which a second release would give away.
    if (beside !== undefined) void this.workload.buy(this.buyer, this.workload.name(beside), this.random);
    return LEADS[lead](this.run, match, { ending, arm });
  }

  /** The first process to come to the point with an order that `match` tells is hit, and no other. */
  arm({ who, at, do: action, match, piece }) {
    for (const child of this.system.named(new RegExp(`(^|-)${who}-`))) child.tell({ type: 'torture-arm', point: at, action, match, piece });
  }

  /** Whoever waits at a point with this goes on. */
  goOn(match) {
    for (const child of this.system.children.values()) child.tell({ type: 'torture-go', match });
  }

  pastLeaseMs() {
    return (leaseMs + TAKEN_AFTER_MS) * this.system.stretch;
  }

  one(pattern, draw) {
    const all = this.system.named(pattern);
    return all[Math.floor(draw * all.length)];
  }

  someLinks(kind, draw) {
    const links = this.system.links[kind];
    return links.filter((_, i) => (draw * 97 * (i + 1)) % 1 < 0.5);
  }

  killServer({ draw }) {
    this.one(/-server-/, draw).kill();
  }

  killWorker({ draw }) {
    this.one(/-worker-/, draw).kill();
  }

  killGateway({ draw }) {
    this.one(/^gateway-/, draw).kill();
  }

  pauseWorker({ draw }) {
    this.one(/-worker-/, draw).pause(this.pastLeaseMs());
  }

  pauseServer({ draw }) {
    this.one(/-server-/, draw).pause(this.pastLeaseMs());
  }

  pauseGateway({ draw, ms }) {
    this.one(/^gateway-/, draw).pause(ms * 2);
  }

  cutClientLinks() {
    for (const link of this.system.links.client) link.cut();
  }

  cutServiceLinks({ draw }) {
    for (const link of this.someLinks('service', draw)) link.cut();
  }

  cutInsideAnswer({ draw }) {
    for (const link of [...this.system.links.client, ...this.system.links.service]) link.trapAfter(1 + Math.floor(draw * 900));
    this.cutClientLinks(); // so that new connections meet the trap
  }

  cutPostgresLinks({ draw }) {
    for (const link of this.someLinks('postgres', draw)) link.cut();
  }

  async slowLinks({ draw, ms }) {
    const links = [...this.someLinks('postgres', draw), ...this.someLinks('service', draw)];
    for (const link of links) link.latencyMs = 5 + Math.floor(draw * 60);
    await later(ms * 2, () => links.forEach((link) => (link.latencyMs = 0)));
  }

  async silentServiceLink({ draw, ms }) {
    const links = this.someLinks('service', draw);
    for (const link of links) link.silence(true);
    await later(ms * 2, () => links.forEach((link) => link.silence(false)));
  }

  async silentPostgresLink({ draw, ms }) {
    const links = this.someLinks('postgres', draw).slice(0, 2);
    for (const link of links) link.silence(true);
    await later(ms * 2, () => links.forEach((link) => link.silence(false)));
  }

  terminateBackends() {
    return this.system.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'lumi\\_%' AND datname = current_database()");
  }

  trapAnySettle() {
    for (const link of this.system.links.postgres) link.trapAnswer('purchase_settle', '', () => this.reached.add('settle answer cut'));
  }

  trapAnyHold() {
    for (const link of this.system.links.postgres) link.trapAnswer('purchase_begin', '', () => this.reached.add('hold answer cut'));
  }

  async restartPostgres({ ms }) {
    await this.system.cluster.restart(ms);
  }

  async crashPostgres({ ms }) {
    await this.system.cluster.crash(ms);
  }

  stepClock({ draw }) {
    const child = this.one(/-(server|worker)-/, draw);
    child.tell({ type: 'torture-clock', offsetMs: draw < 0.5 ? -20_000 : 20_000 });
  }

  flushQueue() {
    return this.system.flushQueue();
  }

  flushRedis() {
    return this.system.redis.flush();
  }

  async stopRedis({ ms }) {
    await this.system.redis.stop();
    await later(ms, () => this.system.redis.start());
  }

  async slowRedis({ ms }) {
    for (const link of this.system.links.redis) link.latencyMs = 80;
    await later(ms * 2, () => this.system.links.redis.forEach((link) => (link.latencyMs = 0)));
  }

  cutRedisLinks() {
    for (const link of this.system.links.redis) link.cut();
  }
}

function camel(name) {
  return name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
}

async function later(ms, work) {
  await new Promise((resolve) => setTimeout(resolve, ms));
  await work();
}
