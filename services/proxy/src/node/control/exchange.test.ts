// When the exchange writes its journal, what it logs, and how large a batch becomes.
import { FixedClock, silentLog, type Log } from '@lumi/shared/runtime';
import { BODY_BYTES_MAX, exchangeBody } from '../../nodes/protocol';
import { Rights } from '../rights';
import { Exchange } from './exchange';
import type { Books, Journal } from './journal';
import { Leases } from './leases';
import { Notes } from './notes';
import { Reports } from './reports';
import { ServiceFault, type ExchangeBody } from './service-link';
import { ModelService } from './test/model-service';
import { UsageLines } from './usage-lines';

const opened = ({ log = silentLog, write }: { log?: Log; write?: Journal['write'] } = {}) => {
  const clock = new FixedClock(1_800_000_000_000);
  const model = new ModelService(() => clock.nowMs());
  const written: Books[] = [];
  const bodies: ExchangeBody[] = [];
  const nowMs = () => clock.nowMs();
  const lines = new UsageLines(nowMs);
  const rights = new Rights(clock);
  const leases = new Leases({ rights, lines, targetName: (host) => host, hurry: () => undefined, nowMs });
  const notes = new Notes(nowMs, silentLog, new Reports(nowMs, (host) => host));
  const service = { isAway: false };
  const answer = <T>(work: () => T): Promise<T> =>
    service.isAway ? Promise.reject(new ServiceFault('away', false)) : Promise.resolve(work());
  const exchange = new Exchange({
    link: {
      register: (body) => answer(() => model.register('node', body)),
      exchange: (body) => {
        bodies.push(body);
        return answer(() => model.exchange('node', body));
      },
      access: () => Promise.reject(new Error('not asked here')),
      leave: (epoch) => answer(() => model.leave('node', epoch)),
      close: () => undefined,
    },
    journal: {
      read: () => Promise.resolve(null),
      write: write ?? ((books) => Promise.resolve(void written.push(structuredClone(books)))),
    },
    lines,
    leases,
    notes,
    log,
    registration: () => ({
      version: '1',
      entry_host: null,
      ports: { first: 1, last: 1, http: 1, socks: 1 },
      exits: [],
      allowed: [],
    }),
    connections: () => 0,
    onDrain: () => undefined,
    onRegistered: () => undefined,
    onClock: () => undefined,
  });
  /** The service carries metered subjects from nothing: they ask, and get none. */
  const ask = (subjects: number): void => {
    for (let i = 0; i < subjects; i += 1) {
      model.offer(`plan-${String(i)}`, 0);
      leases.spend(leases.use(`plan-${String(i)}`, 'DE', 'a.example'), 'up', 1);
    }
  };
  return { exchange, leases, notes, model, written, bodies, service, ask };
};

describe('the journal', () => {
  it('is written when something has changed, and not each second', async () => {
    const { exchange, leases, model, written, service } = opened();
    model.offer('plan', 10_000_000);
    await exchange.step();
    for (let i = 0; i < 5; i += 1) await exchange.save();
    const before = written.length;
    for (let i = 0; i < 5; i += 1) await exchange.save();
    expect(written.length).toBe(before);
    service.isAway = true;
    leases.use('plan', 'DE', 'a.example');
    await expect(exchange.step()).rejects.toThrow('away');
    for (let i = 0; i < 5; i += 1) await exchange.save();
    expect(written.slice(before)).toMatchObject([
      { frozen: { lines: [{ subject: 'plan', requests: 1 }] }, pending: [] },
    ]);
  });

  it('is written once where the exchange and the clock of the journal ask for the same at once', async () => {
    const { exchange, leases, model, written } = opened();
    model.offer('plan', 10_000_000);
    await exchange.step();
    await exchange.save();
    const before = written.length;
    leases.use('plan', 'DE', 'a.example');
    await Promise.all([exchange.save(), exchange.save()]);
    expect(written.slice(before)).toMatchObject([{ pending: [{ subject: 'plan' }] }]);
    await exchange.save();
    expect(written.length).toBe(before + 1);
  });

  it('that cannot be written is logged once, not at each attempt, and its usage is sent all the same', async () => {
    const errors: string[] = [];
    const { exchange, leases, model, bodies } = opened({
      log: { ...silentLog, error: (text: string) => void errors.push(text) },
      write: () => Promise.reject(new Error('ENOSPC')),
    });
    model.offer('plan', 10_000_000);
    for (let i = 0; i < 10; i += 1) {
      leases.use('plan', 'DE', 'a.example');
      await exchange.step();
      await exchange.save();
    }
    expect(errors).toEqual(['the journal of usage cannot be written']);
    expect(bodies.flatMap(({ lines }) => lines).reduce((sum, { requests }) => sum + requests, 0)).toBe(10);
  });
});

describe('a node that has registered', () => {
  it('exchanges at once, so that it learns whether it drains, and is quiet then while nothing is used', async () => {
    const { exchange, bodies } = opened();
    await exchange.step();
    expect(bodies).toMatchObject([{ epoch: 1, seq: 1, lines: [] }]);
    await exchange.step();
    expect(bodies).toHaveLength(1);
  });
});

describe('a node that registers anew', () => {
  it('first sends what it has counted, so that its leases are free only when their usage was taken', async () => {
    const { exchange, leases, model, bodies } = opened();
    model.offer('plan', 10_000_000);
    await exchange.step();
    leases.use('plan', 'DE', 'a.example');
    await exchange.step();
    bodies.length = 0;
    leases.use('plan', 'DE', 'b.example');
    exchange.registerAnew();
    await exchange.step();
    expect(bodies.flatMap(({ epoch, lines }) => lines.map(({ target }) => [epoch, target]))).toEqual([
      [1, 'b.example'],
    ]);
    expect(bodies.at(-1)).toMatchObject({ epoch: 2, seq: 1, lines: [] });
  });
});

const ENDED = {
  subject: 'prx_0000000000000000000000000',
  client: '2001:db8:1111:2222:3333:4444:5555:6666',
  protocol: 'socks5',
  target: 'a.example',
  exit: '2001:db8:1111:2222:3333:4444:5555:6666',
  up: 1_000_000_000,
  down: 1_000_000_000,
  ms: 1_000,
  refusal: 'concurrency',
} as const;

describe('a report', () => {
  it('is not in the journal, goes with an exchange, and with the next one when that fails', async () => {
    const { exchange, notes, bodies, written, service } = opened();
    await exchange.step();
    notes.ended(ENDED);
    notes.abuse('many-targets', 'prx_a');
    service.isAway = true;
    await expect(exchange.step()).rejects.toThrow('away');
    notes.ended({ ...ENDED, target: 'b.example' });
    service.isAway = false;
    bodies.length = 0;
    for (let i = 0; i < 3; i += 1) await exchange.step();
    expect(bodies.flatMap(({ connections }) => connections.map(({ target }) => target))).toEqual([
      'a.example',
      'b.example',
    ]);
    expect(bodies.flatMap(({ signs }) => signs.map(({ who }) => who))).toEqual(['prx_a']);
    expect(JSON.stringify(written)).not.toContain('a.example');
  });
});

describe('a batch', () => {
  it('stays below what the service takes, and all is said in the end', async () => {
    const { exchange, notes, bodies, ask } = opened();
    await exchange.step();
    ask(25_000);
    for (let i = 0; i < 40_000; i += 1) notes.seen(`sub-${String(i)}-${'x'.repeat(50)}`, `2001:db8:${'0'.repeat(40)}`);
    for (let i = 0; i < 20_000; i += 1) notes.exitChanged(`prx-${String(i)}-${'x'.repeat(50)}`, '2001:db8::1');
    for (let i = 0; i < 2_000; i += 1) notes.ended({ ...ENDED, target: 'x'.repeat(253) });
    bodies.length = 0;
    for (let i = 0; i < 10; i += 1) await exchange.step();
    expect(Math.max(...bodies.map((body) => Buffer.byteLength(JSON.stringify(body))))).toBeLessThan(BODY_BYTES_MAX);
    expect(exchangeBody.safeParse(bodies[0]).success).toBe(true);
    expect(new Set(bodies.flatMap(({ seen }) => seen.map(({ subject }) => subject))).size).toBe(40_000);
    expect(new Set(bodies.flatMap((body) => body.exits_changed.map(({ subject }) => subject))).size).toBe(20_000);
    expect(new Set(bodies.flatMap(({ wants }) => wants.map(({ subject }) => subject))).size).toBe(25_000);
  });
});
