// Commands of the sandbox. A command is executed at most once per reference, with every chosen ending. The row of the
// reference is locked while the ending is decided. The log gets a line only for an executed command.
// Raw SQL: a command is one transaction that locks its row; the executors work inside it.
import { inTransaction, sql, type Database, type Tx } from '@lumi/shared/db';
import type { ErrorCode } from '@lumi/shared/contract';
import type { LookUp, Outcome } from '@lumi/shared/purchase';
import type { Clock } from '@lumi/shared/runtime';
import type { Ending } from './endings';

export interface Executed {
  readonly kind: 'executed';
  readonly result: Record<string, unknown>;
}

export interface Refused {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly text: string;
}

export interface Command {
  readonly reference: string;
  readonly name: string;
  readonly request: Record<string, unknown>;
  readonly ending: Ending;
}

/** Executes one command inside the sandbox's transaction. It must decide from rows that it has locked. */
export type Executor = (tx: Tx, command: Command) => Promise<Executed | Refused>;

type Row = {
  readonly reference: string;
  readonly command: string;
  readonly request: Record<string, unknown>;
  readonly ending: Ending;
  readonly state: 'unseen' | 'accepted' | 'executed' | 'refused' | 'lost';
  readonly sends: number;
  readonly looks: number;
  readonly result: Record<string, unknown> | null;
  readonly refusal_code: ErrorCode | null;
  readonly refusal_text: string | null;
};

/** A pending command is finished by this look-up. */
const LOOKS_UNTIL_DONE = 2;
const CHECK_AFTER_MS = 1_000;
const SUPPLIER_REFUSED: Refused = {
  kind: 'refused',
  code: 'supplier_error',
  text: 'The proxy network refused this request; nothing was charged.',
};

export class SandboxCommands {
  constructor(
    private readonly db: Pick<Database, 'platform'>,
    private readonly clock: Clock,
    private readonly executors: Readonly<Record<string, Executor>>,
  ) {}

  async send<R extends Record<string, unknown>>(command: Command): Promise<Outcome<R>> {
    const decided = await inTransaction(this.db, async (tx) => {
      const row = await this.record(tx, command);
      if (row.state !== 'unseen') return row; // sent before: answer with its state, do nothing again
      if (row.sends === 1) return this.firstTime(tx, row);
      return this.execute(tx, row);
    });
    if (decided.sends === 1 && decided.ending === 'error-after' && decided.state === 'executed')
      throw new Error('the sandbox network answered 500 after doing it');
    if (decided.sends === 1 && decided.ending === 'timeout-after' && decided.state === 'executed')
      return { kind: 'unknown', cause: 'time-out after success' };
    return outcomeOf<R>(decided);
  }

  async lookUp<R extends Record<string, unknown>>(reference: string): Promise<LookUp<R>> {
    const found = await inTransaction(this.db, async (tx) => {
      const rows = await tx.$queryRaw<Row[]>(
        sql`UPDATE proxy.sandbox_command SET looks = looks + 1 WHERE reference = ${reference} RETURNING *`,
      );
      const row = rows[0];
      if (row?.state !== 'accepted' || row.looks < LOOKS_UNTIL_DONE) return row;
      return row.ending === 'pending-refused' ? this.conclude(tx, row, SUPPLIER_REFUSED) : this.execute(tx, row);
    });
    if (found === undefined || found.state === 'unseen') return { kind: 'absent' };
    return outcomeOf<R>(found);
  }

  private async record(tx: Tx, command: Command): Promise<Row> {
    const rows = await tx.$queryRaw<Row[]>(sql`
      INSERT INTO proxy.sandbox_command AS c (reference, command, request, ending, state, created_at)
      VALUES (${command.reference}, ${command.name}, ${JSON.stringify(command.request)}::jsonb, ${command.ending},
        'unseen', ${this.clock.now()})
      ON CONFLICT (reference) DO UPDATE SET sends = c.sends + 1 RETURNING *`);
    const row = rows[0];
    if (row === undefined) throw new Error('an upsert returned no row');
    return row;
  }

  private async firstTime(tx: Tx, row: Row): Promise<Row> {
    switch (row.ending) {
      case 'timeout-before':
        return row; // as if it had never arrived; the next call does arrive
      case 'lost':
        return this.setState(tx, row, 'lost');
      case 'pending':
      case 'pending-refused':
        return this.setState(tx, row, 'accepted');
      case 'refuse':
        return this.conclude(tx, row, SUPPLIER_REFUSED);
      case 'out-of-stock':
        return this.conclude(tx, row, {
          kind: 'refused',
          code: 'out_of_stock',
          text: 'This went out of stock; nothing was charged.',
        });
      default:
        return this.execute(tx, row);
    }
  }

  private async execute(tx: Tx, row: Row): Promise<Row> {
    const executor = this.executors[row.command];
    if (executor === undefined) throw new Error(`the sandbox knows no command ${row.command}`);
    return this.conclude(
      tx,
      row,
      await executor(tx, { reference: row.reference, name: row.command, request: row.request, ending: row.ending }),
    );
  }

  private async conclude(tx: Tx, row: Row, ending: Executed | Refused): Promise<Row> {
    if (ending.kind === 'refused') {
      await tx.$executeRaw(
        sql`UPDATE proxy.sandbox_command SET state = 'refused', refusal_code = ${ending.code},
          refusal_text = ${ending.text} WHERE reference = ${row.reference}`,
      );
      return { ...row, state: 'refused', refusal_code: ending.code, refusal_text: ending.text };
    }
    const result = JSON.stringify(ending.result);
    await tx.$executeRaw(sql`
      INSERT INTO proxy.sandbox_log (reference, command, detail, at)
        VALUES (${row.reference}, ${row.command}, ${result}::jsonb, ${this.clock.now()})`);
    await tx.$executeRaw(
      sql`UPDATE proxy.sandbox_command SET state = 'executed', result = ${result}::jsonb
        WHERE reference = ${row.reference}`,
    );
    return { ...row, state: 'executed', result: ending.result };
  }

  private async setState(tx: Tx, row: Row, state: 'accepted' | 'lost'): Promise<Row> {
    await tx.$executeRaw(sql`UPDATE proxy.sandbox_command SET state = ${state} WHERE reference = ${row.reference}`);
    return { ...row, state };
  }
}

function outcomeOf<R extends Record<string, unknown>>(row: Row): Outcome<R> {
  switch (row.state) {
    case 'executed':
      // the executor of this command wrote it
      return { kind: 'done', result: row.result as R, supplierRef: supplierRef(row) };
    case 'refused':
      return {
        kind: 'refused',
        code: row.refusal_code ?? 'supplier_error',
        ...(row.refusal_text === null ? {} : { text: row.refusal_text }),
      };
    case 'accepted':
      return { kind: 'pending', supplierRef: supplierRef(row), checkAfterMs: CHECK_AFTER_MS };
    case 'unseen':
      return { kind: 'unknown', cause: 'time-out before anything happened' };
    case 'lost':
      return { kind: 'unknown', cause: 'nobody knows' };
  }
}

function supplierRef(row: Row): string {
  return `sbx-${row.reference}`;
}
