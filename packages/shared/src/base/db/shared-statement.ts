// Calls of one turn of the event loop, and those that arrive while earlier ones are under way, share a statement: one
// round trip, one commit and one flush of the disk (group commit). No call waits for others beyond the turn in which it
// came. See docs/decisions/0006.
import { databaseCode, rawSql, sql, type Sql, type SqlRunner } from './database';

export interface SharedStatementOptions<Call, Answer> {
  /**
   * One statement for all calls, with one answer each, in their order. When it needs locks that others hold, it must
   * not wait longer than `patience`.
   */
  readonly run: (calls: readonly Call[], patience: Patience) => Promise<readonly Answer[]>;
  /** Only calls of the same shape share a statement. Its text is prepared, so the number of texts must stay small. */
  readonly shapeOf?: (call: Call) => string;
  /** What a call locks. Calls of a group lock in this order, so that two groups do not deadlock. */
  readonly lockOf?: (call: Call) => string;
  /**
   * The result of a call that has waited for WAIT_LIMIT_MS without being started. Absent when it must be made at any
   * time.
   */
  readonly tooLate?: () => Error;
  readonly now?: () => number;
}

/**
 * A group waits for a lock at most SHARED_LOCK_TIMEOUT_MS. A call that then runs alone waits as long as its role may.
 */
export type Patience = 'short' | 'full';

/** Groups are 1, 2, 4 or 8 calls, because each size is another text to prepare. */
const MOST = 8;
/**
 * For each lock. Our statements hold a lock for a few milliseconds. A call that finds one held longer leaves the lane,
 * so that it delays no other call.
 */
const SHARED_LOCK_TIMEOUT_MS = 150;
/** Its caller has gone, or is about to go. */
const WAIT_LIMIT_MS = 10_000;
/**
 * A statement that takes longer than this frees the lane for the next one, although it may still end. A connection
 * without answers must not stop all calls.
 */
const LANE_LIMIT_MS = 1_000;

interface Waiting<Call, Answer> {
  readonly call: Call;
  readonly shape: string;
  readonly lock: string;
  readonly since: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (err: unknown) => void;
}

export class SharedStatement<Call, Answer> {
  private waiting: Waiting<Call, Answer>[] = [];
  /** The lane: one statement at a time is under way, because more would only make smaller groups. */
  private isUnderWay = false;
  private isCalled = false;
  /** Locks that calls outside the lane wait for, and how many calls wait. */
  private readonly contended = new Map<string, number>();

  constructor(private readonly options: SharedStatementOptions<Call, Answer>) {}

  run(call: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { shapeOf, lockOf } = this.options;
      const one = {
        call,
        shape: shapeOf?.(call) ?? '',
        lock: lockOf?.(call) ?? '',
        since: this.now(),
        resolve,
        reject,
      };
      if (this.contended.has(one.lock)) {
        void this.aside(one);
        return;
      }
      this.waiting.push(one);
      this.goSoon();
    });
  }

  private goSoon(): void {
    if (this.isCalled || this.isUnderWay) return;
    this.isCalled = true;
    setImmediate(() => {
      this.isCalled = false;
      this.refuseLate();
      if (this.waiting.length === 0) return;
      this.isUnderWay = true;
      void this.together(this.takeGroup());
    });
  }

  private refuseLate(): void {
    const { tooLate } = this.options;
    if (tooLate === undefined) return;
    const limit = this.now() - WAIT_LIMIT_MS;
    for (const one of this.waiting) if (one.since < limit) one.reject(tooLate());
    this.waiting = this.waiting.filter(({ since }) => since >= limit);
  }

  private now(): number {
    return this.options.now?.() ?? performance.now();
  }

  /** The call that has waited longest, and later ones of the same shape. */
  private takeGroup(): Waiting<Call, Answer>[] {
    const shape = this.waiting[0]?.shape;
    const alike = this.waiting.filter((one) => one.shape === shape);
    let size = 1;
    while (size * 2 <= Math.min(alike.length, MOST)) size *= 2;
    const group = new Set(alike.slice(0, size));
    this.waiting = this.waiting.filter((one) => !group.has(one));
    return [...group].sort((a, b) => compare(a.lock, b.lock));
  }

  /** In the lane. Never rejects. */
  private async together(group: readonly Waiting<Call, Answer>[]): Promise<void> {
    let isInLane = true;
    const leave = (): void => {
      if (!isInLane) return;
      isInLane = false;
      this.isUnderWay = false;
      if (this.waiting.length > 0) this.goSoon();
    };
    const timer = setTimeout(leave, LANE_LIMIT_MS);
    const failure = await this.attempt(group, 'short');
    clearTimeout(timer);
    leave();
    if (failure === null) return;
    // A call must not fail because of another one, nor wait in the lane. Only a call that the database has certainly
    // rolled back is tried again.
    if (isLockTimeout(failure.err)) await Promise.all(group.map((one) => this.aside(one)));
    else if (group.length > 1 && isRolledBack(failure.err)) await Promise.all(group.map((one) => this.alone(one)));
    else for (const one of group) one.reject(failure.err);
  }

  private async alone(one: Waiting<Call, Answer>): Promise<void> {
    const failure = await this.attempt([one], 'full');
    if (failure !== null) one.reject(failure.err);
  }

  /** Runs alone. Later calls for the same lock run in the same way meanwhile. */
  private async aside(one: Waiting<Call, Answer>): Promise<void> {
    this.contended.set(one.lock, (this.contended.get(one.lock) ?? 0) + 1);
    await this.alone(one);
    const others = (this.contended.get(one.lock) ?? 1) - 1;
    if (others === 0) this.contended.delete(one.lock);
    else this.contended.set(one.lock, others);
  }

  private async attempt(
    group: readonly Waiting<Call, Answer>[],
    patience: Patience,
  ): Promise<{ readonly err: unknown } | null> {
    try {
      const answers = await this.options.run(
        group.map(({ call }) => call),
        patience,
      );
      group.forEach((one, i) => {
        const answer = answers[i];
        if (answer === undefined) one.reject(new Error('a group of calls got fewer answers than it has calls'));
        else one.resolve(answer);
      });
      return null;
    } catch (err) {
      return { err };
    }
  }
}

/**
 * The first argument of a statement's first call, which is evaluated before anything is locked: with it the statement
 * gets its patience.
 */
export function withPatience(argument: string, patience: Patience): Sql {
  return patience === 'full'
    ? sql`${argument}`
    : sql`(SELECT ${argument}::text FROM set_config('lock_timeout', ${rawSql(`'${String(SHARED_LOCK_TIMEOUT_MS)}ms'`)},
      true))`;
}

/** One of it for each pool or client, made when it is first asked for. */
export function perRunner<T>(make: (db: SqlRunner) => T): (db: SqlRunner) => T {
  const made = new WeakMap<SqlRunner, { readonly value: T }>();
  return (db) => {
    const known = made.get(db) ?? { value: make(db) };
    made.set(db, known);
    return known.value;
  };
}

/**
 * Refused by the database before its commit: data, integrity, deadlock, rights, a lock that took too long, a statement
 * that was cancelled, an error raised by a function.
 */
function isRolledBack(err: unknown): boolean {
  // 40003: the end of the statement is unknown.
  return /^(?:22|23|40(?!003)|42|55|P0)...$|^57014$/.test(databaseCode(err) ?? '');
}

function isLockTimeout(err: unknown): boolean {
  return databaseCode(err) === '55P03';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
