// Commands of the sandbox, with every chosen ending. The ending is decided while the command's row is locked. The log
// gets a line only for an executed command.
// Raw SQL: a command is one transaction that locks its row; the executors work inside it.
import { rawSql, sql, type Database, type Tx } from '@lumi/shared/db';
import type { Outcome } from '@lumi/shared/purchase';
import type { Clock } from '@lumi/shared/runtime';
import { Commands, OUT_OF_STOCK, type Command, type CommandRow, type Executor, type Refused } from '../commands';
import type { Ending } from './endings';

export interface SandboxCommand extends Command {
  readonly ending: Ending;
}

interface Row extends CommandRow {
  readonly ending: Ending;
  readonly sends: number;
  readonly looks: number;
}

/** A pending command is finished by this look-up. */
const LOOKS_UNTIL_DONE = 2;
export const SUPPLIER_REFUSED: Refused = {
  kind: 'refused',
  code: 'supplier_error',
  text: 'The proxy network refused this request; nothing was charged.',
};

export class SandboxCommands extends Commands<Row, SandboxCommand> {
  constructor(
    db: Pick<Database, 'platform'>,
    clock: Clock,
    executors: Readonly<Record<string, Executor<SandboxCommand>>>,
  ) {
    super(db, clock, rawSql('proxy.sandbox_command'), 'sbx', executors);
  }

  override async send<R extends Record<string, unknown>>(command: SandboxCommand): Promise<Outcome<R>> {
    const decided = await this.decide(command);
    if (decided.sends === 1 && decided.ending === 'error-after' && decided.state === 'executed')
      throw new Error('the sandbox network answered 500 after doing it');
    if (decided.sends === 1 && decided.ending === 'timeout-after' && decided.state === 'executed')
      return { kind: 'unknown', cause: 'time-out after success' };
    return this.outcomeOf<R>(decided);
  }

  protected override async record(tx: Tx, command: SandboxCommand): Promise<Row> {
    const rows = await tx.$queryRaw<Row[]>(sql`
      INSERT INTO proxy.sandbox_command AS c (reference, command, request, ending, state, created_at)
      VALUES (${command.reference}, ${command.name}, ${JSON.stringify(command.request)}::jsonb, ${command.ending},
        'unseen', ${this.clock.now()})
      ON CONFLICT (reference) DO UPDATE SET sends = c.sends + 1 RETURNING *`);
    const row = rows[0];
    if (row === undefined) throw new Error('an upsert returned no row');
    return row;
  }

  protected override async look(tx: Tx, reference: string): Promise<Row | undefined> {
    const rows = await tx.$queryRaw<Row[]>(
      sql`UPDATE proxy.sandbox_command SET looks = looks + 1 WHERE reference = ${reference} RETURNING *`,
    );
    const row = rows[0];
    if (row?.state !== 'accepted' || row.looks < LOOKS_UNTIL_DONE) return row;
    return row.ending === 'pending-refused' ? this.conclude(tx, row, SUPPLIER_REFUSED) : this.execute(tx, row);
  }

  protected override commandOf({ reference, command: name, request, ending }: Row): SandboxCommand {
    return { reference, name, request, ending };
  }

  /** Its second time is executed, whatever its ending. */
  protected override async begin(tx: Tx, row: Row): Promise<Row> {
    switch (row.sends === 1 ? row.ending : 'ok') {
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
        return this.conclude(tx, row, OUT_OF_STOCK);
      default:
        return this.execute(tx, row);
    }
  }

  protected override async noteExecuted(tx: Tx, row: Row, result: string): Promise<void> {
    await tx.$executeRaw(sql`
      INSERT INTO proxy.sandbox_log (reference, command, detail, at)
        VALUES (${row.reference}, ${row.command}, ${result}::jsonb, ${this.clock.now()})`);
  }

  private async setState(tx: Tx, row: Row, state: 'accepted' | 'lost'): Promise<Row> {
    await tx.$executeRaw(sql`UPDATE proxy.sandbox_command SET state = ${state} WHERE reference = ${row.reference}`);
    return { ...row, state };
  }
}
