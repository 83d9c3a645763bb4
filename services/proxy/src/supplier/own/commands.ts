// Commands to our own network: its books are ours, so a command is executed or refused at once.
// Raw SQL: a command is one transaction that locks its row; the executors work inside it.
import { rawSql, sql, type Database, type Tx } from '@lumi/shared/db';
import type { Clock } from '@lumi/shared/runtime';
import { Commands, type Command, type CommandRow, type Executor } from '../commands';

export class OwnCommands extends Commands<CommandRow, Command> {
  constructor(db: Pick<Database, 'platform'>, clock: Clock, executors: Readonly<Record<string, Executor>>) {
    super(db, clock, rawSql('proxy.own_command'), 'own', executors);
  }

  protected override async record(tx: Tx, { reference, name, request }: Command): Promise<CommandRow> {
    const rows = await tx.$queryRaw<CommandRow[]>(sql`
      INSERT INTO proxy.own_command AS c (reference, command, request, state, created_at)
      VALUES (${reference}, ${name}, ${JSON.stringify(request)}::jsonb, 'unseen', ${this.clock.now()})
      ON CONFLICT (reference) DO UPDATE SET command = c.command RETURNING *`);
    const row = rows[0];
    if (row === undefined) throw new Error('an upsert returned no row');
    return row;
  }

  protected override async look(tx: Tx, reference: string): Promise<CommandRow | undefined> {
    const rows = await tx.$queryRaw<CommandRow[]>(
      sql`SELECT * FROM proxy.own_command WHERE reference = ${reference} FOR UPDATE`,
    );
    return rows[0];
  }

  protected override commandOf({ reference, command: name, request }: CommandRow): Command {
    return { reference, name, request };
  }
}
