// Lists, waits and the feed of the client against the real gateway and service, over connections that break.
import { LumiDomains, LumiTimeoutError } from '@lumi/client';
import { newId } from '@lumi/shared/contract';
import { wholeWay, type Buyer } from '../whole-way';
import { Relay } from './relay';

jest.setTimeout(90_000);
const lumi = wholeWay({ products: ['domains'] });
const relay = new Relay(() => lumi.address());
let client: LumiDomains;
let who: Buyer;

beforeAll(async () => {
  who = await lumi.buyer({ balance: '100.00' });
  client = new LumiDomains({ apiKey: who.key, baseUrl: await relay.listen(), maxRetries: 5 });
});
beforeEach(() => {
  relay.seen.length = 0;
  relay.faults = [];
  jest.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(async () => {
  jest.restoreAllMocks();
  expect(await lumi.breaches()).toEqual([]);
});
afterAll(() => relay.close());

describe('a list of 1,000 items', () => {
  beforeAll(async () => {
    const ids = Array.from({ length: 999 }, () => newId('trf', lumi.clock.nowMs()));
    await lumi.owner.query(
      `SELECT platform.adjust(id, $2, 1, 'line', NULL, NULL, NULL) FROM unnest($1::text[]) AS id`,
      [ids, who.accountId],
    );
  });

  it('gives each item once, in order, over broken connections', async () => {
    relay.faults = ['pass', 'cut', 'pass', 'reset', 503];
    const found: string[] = [];
    for await (const { id } of client.paginate('list-transactions', { query: { limit: 150 } })) found.push(id);
    expect([found.length, new Set(found).size]).toEqual([1_000, 1_000]);

    const pages: number[] = [];
    const again: string[] = [];
    for await (const { items } of client.paginate('list-transactions', { query: { limit: 150 } }).pages()) {
      pages.push(items.length);
      again.push(...items.map(({ id }) => id));
    }
    expect(pages).toEqual([150, 150, 150, 150, 150, 150, 100]);
    expect(again).toEqual(found);
  });

  it('asks for no page more than the loop takes', async () => {
    for await (const item of client.paginate('list-transactions', { query: { limit: 10 } })) {
      expect(item.amount_usd).toBe('0.0001');
      break;
    }
    expect(relay.seen).toHaveLength(1);
  });
});

describe('waiting', () => {
  it('for an operation: calls with each state, and ends when it is over', async () => {
    const bought = await client.domains.buy({ domain: 'pending-then-done-wait.test' });
    if (!('operation_id' in bought)) throw new Error('it should be pending');
    const states: string[] = [];
    relay.faults = ['lose', 'pass', 'reset'];
    const done = client.operations.wait(bought.operation_id, { onProgress: ({ state }) => states.push(state) });
    for (let looks = 0; looks < 3; looks += 1) await lumi.round('domains');
    expect(await done).toMatchObject({ state: 'completed', money: { captured_usd: '1.00' } });
    expect(states.at(-1)).toBe('completed');
  });

  it('ends with a LumiTimeoutError while it is still running', async () => {
    const bought = await client.domains.buy({ domain: 'pending-then-refused-wait.test' });
    if (!('operation_id' in bought)) throw new Error('it should be pending');
    const waiting = client.operations.wait(bought.operation_id, { timeoutMs: 50 });
    await expect(waiting).rejects.toThrow(LumiTimeoutError);
    await expect(waiting).rejects.toThrow('still running');
    for (let looks = 0; looks < 3; looks += 1) await lumi.round('domains');
  });

  it('for a batch of 30: shows its progress, and has the results in the end', async () => {
    const items = Array.from({ length: 30 }, (_, i) => ({ domain: `batch-${String(i)}.test`, ref: `r${String(i)}` }));
    const taken = await client.domains.bulkBuy({ items });
    const id = 'batch_id' in taken ? taken.batch_id : null;
    if (id === null) throw new Error('it should be a batch');
    const seen: number[] = [];
    const done = client.batches.wait(id, { onProgress: ({ ok }) => seen.push(ok) });
    await lumi.working('domains', async () => (await client.batches.get(id)).status === 'completed');
    const batch = await done;
    expect(batch).toMatchObject({ status: 'completed', total: 30, ok: 30, failed: 0 });
    expect(batch.items).toHaveLength(30);
    expect(seen.at(-1)).toBe(30);
  });
});

describe('following the feed', () => {
  it('gives each event once and in order over broken connections, and goes on from a cursor', async () => {
    const all: string[] = [];
    for await (const { id } of client.paginate('list-events', { query: { types: 'domain.*' } })) all.push(id);
    expect(all.length).toBeGreaterThan(30);
    const ending = new AbortController();
    const found: string[] = [];
    let cursor = '';
    relay.faults = ['reset', 'lose', 'cut', 503, 429, 'pass', 'reset'];
    const follow = client.events.follow({
      types: ['domain.*'],
      pollMs: 10,
      signal: ending.signal,
      onCursor: (at) => (cursor = at),
    });
    for await (const { id, subject } of follow) {
      found.push(id);
      if (found.length === all.length) await client.domains.buy({ domain: 'late.test' });
      if (subject === 'late.test') ending.abort();
    }
    expect(found.slice(0, all.length)).toEqual(all);
    expect(new Set(found).size).toBe(found.length);

    await client.domains.buy({ domain: 'later.test' });
    for await (const { subject } of client.events.follow({ types: ['domain.*'], cursor, pollMs: 10 })) {
      // The page in which the loop was left is given again: nothing is left out.
      if (subject === 'later.test') break;
    }
  });
});
