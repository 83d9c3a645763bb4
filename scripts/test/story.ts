// The steps that the stories of all products share: a customer with a balance whose every line is known in advance, and
// time that passes. The balance is read as a customer reads it, through the gateway; the expected values are computed
// here, independent of the tested code.
import { formatUsd, parseUsd } from '@lumi/shared/money';
import type { Product } from '@lumi/shared/contract';
import { wholeWay, type Answer, type Buyer } from './whole-way';

/** The longest time of a story's bulk, also on a busy machine. */
export const STORY_LIMIT_MS = 120_000;

/** One round settles what the round before began at a supplier. */
const ROUNDS_MORE = 3;

interface Line {
  readonly amount_usd: string;
  readonly balance_after_usd: string;
  readonly order_id: string | null;
}

interface Batch {
  readonly status: string;
  readonly total: number;
  readonly ok: number;
  readonly failed: number;
  readonly items: readonly {
    readonly ref: string;
    readonly status: string;
    readonly result: unknown;
    readonly error?: { readonly code: string };
  }[];
}

/** Call it once, at the top of a file. */
export function story(product: Product) {
  const lumi = wholeWay({ products: [product] });
  let who: Buyer | undefined;
  let [posted, held, lines, purchases] = [0n, 0n, 0, 0];

  const customer = (): Buyer => {
    if (who === undefined) throw new Error('the story has no customer yet');
    return who;
  };
  const call = (method: string, path: string, body?: object) => lumi.request(customer(), method, path, body);
  const get = async <T = Record<string, unknown>>(path: string): Promise<T> => bodyOf<T>(await call('GET', path), 200);

  const isBusy = async (): Promise<boolean> => {
    const { rows } = await lumi.owner.query<{ busy: boolean }>(
      `SELECT EXISTS (SELECT 1 FROM platform.orders WHERE state IN ('acting', 'pending')) OR EXISTS (SELECT 1
        FROM platform.operation WHERE state = 'running') AS busy`,
    );
    return rows[0]?.busy === true;
  };

  /**
   * What the balance must show now: posted, held, available, and exactly these new lines, the last first, each with an
   * order of its own.
   */
  const purse = async (spent: readonly string[]): Promise<void> => {
    const before = posted;
    posted -= spent.reduce((sum, amount) => sum + parseUsd(amount), 0n);
    const balance = await get('/balance');
    expect([balance['balance_usd'], balance['held_usd'], balance['available_usd']]).toEqual(
      [posted, held, posted - held].map(formatUsd),
    );
    const { items } = await get<{ items: Line[] }>('/transactions?limit=200');
    const fresh = items.slice(0, items.length - lines);
    lines = items.length;
    expect(fresh.map(({ amount_usd }) => amount_usd).sort()).toEqual(spent.map((amount) => `-${amount}`).sort());
    let after = before;
    for (const line of [...fresh].reverse()) {
      after += parseUsd(line.amount_usd.replace('-', '')) * (line.amount_usd.startsWith('-') ? -1n : 1n);
      expect(line.balance_after_usd).toBe(formatUsd(after));
    }
    expect(new Set(fresh.map(({ order_id }) => order_id)).size).toBe(fresh.length);
  };

  return {
    ...lumi,
    call,
    get,
    /** A new customer with this much money. The story continues with it. It begins on a day that every month has. */
    async begins(balance: string): Promise<Buyer> {
      const today = lumi.clock.now();
      lumi.clock.shiftMs += Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + 1, 10, 12) - today.getTime();
      who = await lumi.buyer({ product, balance });
      [posted, held, lines] = [parseUsd(balance), 0n, 1];
      await purse([]);
      return who;
    },
    /** The customer has paid exactly these amounts since the last check. */
    paid: (...amounts: readonly string[]) => purse(amounts),
    paidNothing: () => purse([]),
    /** Money is held for what is not settled yet; none of it is charged. */
    async holds(amount: string): Promise<void> {
      held = parseUsd(amount);
      await purse([]);
    },
    /** What was held is now charged or released. */
    async settled(...amounts: readonly string[]): Promise<void> {
      held = 0n;
      await purse(amounts);
    },
    post: async <T = Record<string, unknown>>(path: string, body: object, status = 200): Promise<T> =>
      bodyOf<T>(await call('POST', path, body), status),
    put: async <T = Record<string, unknown>>(path: string, body: object, status = 200): Promise<T> =>
      bodyOf<T>(await call('PUT', path, body), status),
    patch: async <T = Record<string, unknown>>(path: string, body: object, status = 200): Promise<T> =>
      bodyOf<T>(await call('PATCH', path, body), status),
    remove: async <T = Record<string, unknown>>(path: string, body: object | undefined, status = 200): Promise<T> =>
      bodyOf<T>(await call('DELETE', path, body), status),
    /**
     * A money request. A repeat gets the same answer and changes nothing; while the request runs, it is answered with
     * in_progress.
     */
    async buys<T = Record<string, unknown>>(path: string, body: object, status: number): Promise<T> {
      const key = `story-${String((purchases += 1))}-${customer().keyId}`;
      const answer = await lumi.pay(customer(), path, body, key);
      const bought = bodyOf<T>(answer, status);
      const again = await lumi.pay(customer(), path, body, key);
      if (status === 202) expect(again.body).toMatchObject({ error: { code: 'in_progress' } });
      else
        expect([again.status, again.text, again.headers['idempotent-replayed']]).toEqual([status, answer.text, 'true']);
      return bought;
    },
    /** A money request that is refused. */
    async isRefused(path: string, body: object, code: string): Promise<void> {
      const answer = await lumi.pay(customer(), path, body);
      expect((answer.body as { error?: { code: string } }).error?.code).toBe(code);
    },
    /** A bulk that runs in the background, by the real worker and its queue, until it is finished. */
    async buysInBulk(path: string, body: object): Promise<Batch> {
      const { batch_id } = bodyOf<{ batch_id: string }>(await lumi.pay(customer(), path, body), 202);
      return lumi.working(product, async () => {
        const batch = await get<Batch & { finished_at: string | null }>(`/batches/${batch_id}`);
        return batch.finished_at !== null && batch;
      });
    },
    /** Moves the time, and the worker does what is due. */
    async pass(days: number): Promise<void> {
      lumi.clock.shiftDays(days);
      await lumi.round(product);
      for (let more = 0; more < ROUNDS_MORE && (await isBusy()); more += 1) await lumi.round(product);
    },
    /** Moves to just after a moment, such as an expiry, plus some days. */
    async passUntil(moment: string, days = 0): Promise<void> {
      await this.pass((Date.parse(moment) + 1_000 - lumi.clock.nowMs()) / 86_400_000 + days);
    },
    /** The events about one object, in order. */
    async events(subject: string): Promise<readonly string[]> {
      const types: string[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const page: { items: { type: string; subject: string }[]; next_cursor: string | null } = await get(
          `/events?limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`,
        );
        types.push(...page.items.filter((event) => event.subject === subject).map(({ type }) => type));
        cursor = page.next_cursor;
      }
      return types;
    },
  };
}

function bodyOf<T>(answer: Answer, status: number): T {
  if (answer.status !== status)
    throw new Error(`answered with ${String(answer.status)} instead of ${String(status)}: ${answer.text}`);
  return answer.body as T;
}
