// Commands to a network whose books are tables of ours. A command is executed at most once per reference: its row is
// locked while it is decided, and what it does to the books commits with it.
// Raw SQL: a command is one transaction that locks its row; the executors work inside it.
import { inTransaction, sql, type Database, type Sql, type Tx } from '@lumi/shared/db';
import type { ErrorCode } from '@lumi/shared/contract';
import type { LookUp, Outcome } from '@lumi/shared/purchase';
import type { Clock } from '@lumi/shared/runtime';

export interface Executed {
  readonly kind: 'executed';
  readonly result: Record<string, unknown>;
}

export interface Refused {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly text: string;
}

export const OUT_OF_STOCK: Refused = {
  kind: 'refused',
  code: 'out_of_stock',
  text: 'This went out of stock; nothing was charged.',
};

export interface Command {
  readonly reference: string;
  readonly name: string;
  readonly request: Record<string, unknown>;
}

/** Executes one command inside its transaction. It must decide from rows that it has locked. */
export type Executor<C extends Command = Command> = (tx: Tx, command: C) => Promise<Executed | Refused>;

export interface CommandRow {
  readonly reference: string;
  readonly command: string;
  readonly request: Record<string, unknown>;
  readonly state: 'unseen' | 'accepted' | 'executed' | 'refused' | 'lost';
  readonly result: Record<string, unknown> | null;
  readonly refusal_code: ErrorCode | null;
  readonly refusal_text: string | null;
}

const CHECK_AFTER_MS = 1_000;

export abstract class Commands<R extends CommandRow, C extends Command> {
  constructor(
    protected readonly db: Pick<Database, 'platform'>,
    protected readonly clock: Clock,
    /** Of the rows of commands. */
    protected readonly table: Sql,
    /** What the network's own references begin with. */
    private readonly letters: string,
    private readonly executors: Readonly<Record<string, Executor<C>>>,
  ) {}

  async send<T extends Record<string, unknown>>(command: C): Promise<Outcome<T>> {
    return this.outcomeOf<T>(await this.decide(command));
  }

  async lookUp<T extends Record<string, unknown>>(reference: string): Promise<LookUp<T>> {
    const found = await inTransaction(this.db, (tx) => this.look(tx, reference));
    if (found === undefined || found.state === 'unseen') return { kind: 'absent' };
    return this.outcomeOf<T>(found);
  }

  /** Writes its row, or finds it, and locks it. */
  protected abstract record(tx: Tx, command: C): Promise<R>;

  protected abstract look(tx: Tx, reference: string): Promise<R | undefined>;

  protected abstract commandOf(row: R): C;

  /** Of a command that has not been executed or refused yet. */
  protected begin(tx: Tx, row: R): Promise<R> {
    return this.execute(tx, row);
  }

  protected noteExecuted(_tx: Tx, _row: R, _result: string): Promise<void> {
    return Promise.resolve();
  }

  /** Sent before: its state, and nothing is done again. */
  protected decide(command: C): Promise<R> {
    return inTransaction(this.db, async (tx) => {
      const row = await this.record(tx, command);
      return row.state === 'unseen' ? this.begin(tx, row) : row;
    });
  }

  protected async execute(tx: Tx, row: R): Promise<R> {
    const executor = this.executors[row.command];
    if (executor === undefined) throw new Error(`the network knows no command ${row.command}`);
    return this.conclude(tx, row, await executor(tx, this.commandOf(row)));
  }

  protected async conclude(tx: Tx, row: R, ending: Executed | Refused): Promise<R> {
    if (ending.kind === 'refused') {
      await tx.$executeRaw(
        sql`UPDATE ${this.table} SET state = 'refused', refusal_code = ${ending.code},
          refusal_text = ${ending.text} WHERE reference = ${row.reference}`,
      );
      return { ...row, state: 'refused', refusal_code: ending.code, refusal_text: ending.text };
    }
    const result = JSON.stringify(ending.result);
    await this.noteExecuted(tx, row, result);
    await tx.$executeRaw(
      sql`UPDATE ${this.table} SET state = 'executed', result = ${result}::jsonb
        WHERE reference = ${row.reference}`,
    );
    return { ...row, state: 'executed', result: ending.result };
  }

  protected outcomeOf<T extends Record<string, unknown>>(row: R): Outcome<T> {
    const supplierRef = `${this.letters}-${row.reference}`;
    switch (row.state) {
      case 'executed':
        // the executor of this command wrote it
        return { kind: 'done', result: row.result as T, supplierRef };
      case 'refused':
        return {
          kind: 'refused',
          code: row.refusal_code ?? 'supplier_error',
          ...(row.refusal_text === null ? {} : { text: row.refusal_text }),
        };
      case 'accepted':
        return { kind: 'pending', supplierRef, checkAfterMs: CHECK_AFTER_MS };
      case 'unseen':
        return { kind: 'unknown', cause: 'time-out before anything happened' };
      case 'lost':
        return { kind: 'unknown', cause: 'nobody knows' };
    }
  }
}
