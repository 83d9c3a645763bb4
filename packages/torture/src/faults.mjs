// What goes wrong in a run, as it was planned (fault-plan.mjs).
import { DEEDS } from './deeds.mjs';
import { LEADS } from './leads.mjs';
import { wayTo } from './owed.mjs';
import { TIMES } from './system-settings.mjs';
import { PIECES } from './fault-plan.mjs';

const { leaseMs } = TIMES.purchase;
/** Until somebody else has taken the order. */
const TAKEN_AFTER_MS = 2_000;

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
      const goesOn = later(this.pastLeaseMs(), () => running?.kill('SIGCONT')).then(() =>
        later(TAKEN_AFTER_MS, () => undefined),
      );
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
      .then(() =>
        step.what === 'piece'
          ? this.piece(step.piece)
          : step.what === 'deed'
            ? DEEDS[step.deed](this.run)
            : this[camel(step.what)](step),
      )
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
    for (const id of new Set(ways.flatMap(({ piece }) => piece ?? [])))
      this.begin({ what: 'piece', piece: PIECES.find((piece) => piece.id === id) });
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
    for (const child of this.system.named(new RegExp(`(^|-)${who}-`)))
      child.tell({ type: 'torture-arm', point: at, action, match, piece });
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
    for (const link of [...this.system.links.client, ...this.system.links.service])
      link.trapAfter(1 + Math.floor(draw * 900));
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
    return this.system.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'lumi\\_%' AND datname = " +
        'current_database()',
    );
  }

  trapAnySettle() {
    for (const link of this.system.links.postgres)
      link.trapAnswer('purchase_settle', '', () => this.reached.add('settle answer cut'));
  }

  trapAnyHold() {
    for (const link of this.system.links.postgres)
      link.trapAnswer('purchase_begin', '', () => this.reached.add('hold answer cut'));
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
