// The sandbox registrar: a registry in Postgres, so that all processes share it. Each command is one statement, and an
// append-only log records one end for each reference. Magic names produce every end that a real registrar can have.
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { assertNever } from '@lumi/shared/contract';
import { joinSql, rawSql, SharedStatement, sql, withPatience, type Patience } from '@lumi/shared/db';
import type { LookUp, Outcome } from '@lumi/shared/purchase';
import type {
  ContactAnswer,
  ContactData,
  DeleteCommand,
  InfoAnswer,
  NameCheck,
  NameInfo,
  PaidCommand,
  Registrar,
  TransferCommand,
  UpdateCommand,
} from '../registrar';
import { CHANGED_FEES, PREMIUM_FEES, checkAnswerOf, magicOf, type Magic, type MagicCommand } from './magic';
import { outcomeOf, type Ending } from './endings';
import type { SandboxOptions } from './sandbox-options';
import { refusalOf, payloadOf } from './payloads';
import { drift } from './drift';

interface Execution {
  readonly kind: MagicCommand;
  readonly command: { readonly ref: string; readonly name: string; readonly tld: string };
  readonly payload: object;
  readonly play: 'pending' | 'refuse' | null;
}

type Play = null | { readonly kind: 'pending' } | { readonly kind: 'refuse'; readonly code: string };

/** A transfer in takes time at every registry. */
const TRANSFER_LOOK_UPS = 1;

export class SandboxRegistrar implements Registrar {
  readonly id = 'sandbox';
  private readonly checks: SharedStatement<readonly string[], readonly NameCheck[]>;
  private readonly executions: SharedStatement<Execution, Ending>;

  constructor(private readonly options: SandboxOptions) {
    this.checks = new SharedStatement({ run: (calls) => this.checkTogether(calls) });
    this.executions = new SharedStatement({
      run: (calls, patience) => this.executeTogether(calls, patience),
      lockOf: ({ command }) => command.name,
    });
  }

  check(names: readonly string[], _signal: AbortSignal): Promise<readonly NameCheck[]> {
    return this.checks.run(names);
  }

  private async checkTogether(calls: readonly (readonly string[])[]): Promise<(readonly NameCheck[])[]> {
    const { db, clock } = this.options;
    const names = calls.flat();
    const changeable = names.filter((name) => checkAnswerOf(name) === 'price-changed');
    // Raw SQL: a shared statement (decision 0006).
    const rows = await db.$queryRaw<
      { name: string; is_taken: boolean }[]
    >(sql`SELECT n.name, true AS is_taken FROM domains.sandbox_name n WHERE n.name = ANY (${[...names]}::text[])
      AND domains.sandbox_phase(n, ${clock.now()}::timestamptz) <> 'free'
      ${
        changeable.length === 0
          ? sql``
          : sql`UNION ALL SELECT DISTINCT l.name, false FROM domains.sandbox_log l
        WHERE l.name = ANY (${changeable}::text[]) AND l.code = 'price_changed'`
      }`);
    const taken = new Set(rows.filter((row) => row.is_taken).map((row) => row.name));
    const changed = new Set(rows.filter((row) => !row.is_taken).map((row) => row.name));
    return calls.map((asked) => asked.map((name) => checked(name, taken.has(name), changed.has(name))));
  }

  async execute(command: PaidCommand, signal: AbortSignal): Promise<Outcome<NameInfo>> {
    const magic = magicOf(command.kind, command.name);
    const refusal = refusalOf(command);
    if (refusal !== null) return outcomeOf(await this.run(command, { kind: 'refuse', code: refusal }));
    if (magic === null) {
      const outcome = outcomeOf(await this.run(command, command.kind === 'transfer' ? { kind: 'pending' } : null));
      if (command.kind === 'register' && outcome.kind === 'done')
        await drift(this.options, command.name, outcome.result);
      return outcome;
    }
    return this.play(magic, command.ref, signal, (play) => this.run(command, play));
  }

  async lookUp(command: PaidCommand, _signal: AbortSignal): Promise<LookUp<NameInfo>> {
    const magic = magicOf(command.kind, command.name);
    // Raw SQL: the final line comes before the pending one, in whichever order they were written.
    const rows = await this.options.db.$queryRaw<Ending[]>(sql`
      SELECT ending, code, info FROM domains.sandbox_log WHERE ref = ${command.ref} ORDER BY (ending = 'pending')
        LIMIT 1`);
    const found = rows[0];
    if (found === undefined) return { kind: 'absent' };
    if (magic?.ending === 'stays-unknown' && (await this.count(command.ref, 'look_ups')) <= magic.count)
      return { kind: 'unknown', cause: 'the sandbox does not tell yet' };
    if (found.ending !== 'pending') return outcomeOf(found);
    if ((await this.count(command.ref, 'look_ups')) < (magic?.count ?? TRANSFER_LOOK_UPS)) return outcomeOf(found);
    return outcomeOf(
      await this.run(
        command,
        magic?.ending === 'pending-then-refused' ? { kind: 'refuse', code: 'supplier_error' } : null,
      ),
    );
  }

  async info(name: string, _signal: AbortSignal): Promise<InfoAnswer> {
    // Raw SQL: a function.
    const rows = await this.options.db.$queryRaw<{ info: NameInfo }[]>(sql`
      SELECT domains.sandbox_info(n, ${this.options.clock.now()}::timestamptz) AS info FROM domains.sandbox_name n
        WHERE n.name = ${name}`);
    const found = rows[0];
    return found === undefined ? { kind: 'absent' } : { kind: 'found', info: found.info };
  }

  async update(command: UpdateCommand, signal: AbortSignal): Promise<Outcome<NameInfo>> {
    const { change } = command;
    const payload = {
      ...(change.nameservers === undefined ? {} : { nameservers: change.nameservers }),
      ...(change.locked === undefined ? {} : { locked: change.locked }),
      ...(change.privacy === undefined ? {} : { privacy: change.privacy }),
      ...(change.contacts === undefined ? {} : { contacts: change.contacts, contact_data: change.contactData ?? {} }),
      ...(change.ds === undefined ? {} : { ds: change.ds }),
      ...(change.hosts === undefined ? {} : { hosts: change.hosts }),
      ...(change.authCode === undefined
        ? {}
        : {
            auth_hash: change.authCode === null ? null : hashOf(change.authCode.code),
            auth_expires_at: change.authCode?.expiresAt.toISOString() ?? null,
          }),
    };
    const magic = magicOf('update', command.name);
    const run = (play: Play): Promise<Ending> => this.runRaw('update', command, payload, play);
    return magic === null ? outcomeOf(await run(null)) : this.play(magic, command.ref, signal, run);
  }

  async delete(command: DeleteCommand, signal: AbortSignal): Promise<Outcome<NameInfo>> {
    const magic = magicOf('delete', command.name);
    const run = (play: Play): Promise<Ending> => this.runRaw('delete', command, {}, play);
    return magic === null ? outcomeOf(await run(null)) : this.play(magic, command.ref, signal, run);
  }

  async updateContact(
    handle: string,
    data: ContactData,
    _signal: AbortSignal,
  ): Promise<Outcome<ContactData & { readonly [field: string]: unknown }>> {
    await this.options.tables.sandboxContact.upsert({
      where: { handle },
      create: { handle, data: { ...data } },
      update: { data: { ...data } },
    });
    return { kind: 'done', result: { ...data } };
  }

  async readContact(handle: string, _signal: AbortSignal): Promise<ContactAnswer> {
    const row = await this.options.tables.sandboxContact.findUnique({ where: { handle } });
    // written by `updateContact` and the function that executes
    return row === null ? { kind: 'absent' } : { kind: 'found', data: row.data as unknown as ContactData };
  }

  async cancelTransfer(command: TransferCommand, _signal: AbortSignal): Promise<void> {
    await this.run(command, { kind: 'refuse', code: 'cancelled' });
  }

  private async play(
    magic: Magic,
    ref: string,
    signal: AbortSignal,
    run: (play: Play) => Promise<Ending>,
  ): Promise<Outcome<NameInfo>> {
    const { timeoutMs, slowMs } = this.options;
    switch (magic.ending) {
      case 'refused':
        return outcomeOf(await run({ kind: 'refuse', code: 'supplier_error' }));
      case 'lost-race':
        return outcomeOf(await run({ kind: 'refuse', code: 'not_available' }));
      case 'slow':
        await wait(slowMs, undefined, { signal });
        return outcomeOf(await run(null));
      case 'timeout-before':
        if ((await this.count(ref, 'attempts')) > 1) return outcomeOf(await run(null));
        await wait(timeoutMs, undefined, { signal });
        return { kind: 'unknown', cause: 'the sandbox did not answer' };
      case 'error-before':
        if ((await this.count(ref, 'attempts')) > 1) return outcomeOf(await run(null));
        return { kind: 'unknown', cause: 'the sandbox answered 500' };
      case 'timeout-after-success':
        await run(null);
        await wait(timeoutMs, undefined, { signal });
        return { kind: 'unknown', cause: 'the sandbox did not answer' };
      case 'timeout-after-refusal':
        await run({ kind: 'refuse', code: 'supplier_error' });
        await wait(timeoutMs, undefined, { signal });
        return { kind: 'unknown', cause: 'the sandbox did not answer' };
      case 'error-after-success':
      case 'stays-unknown':
        await run(null);
        return { kind: 'unknown', cause: 'the sandbox answered 500' };
      case 'pending-then-done':
      case 'pending-then-refused':
        return outcomeOf(await run({ kind: 'pending' }));
      default:
        return assertNever(magic.ending);
    }
  }

  private run(command: PaidCommand, play: Play): Promise<Ending> {
    return this.runRaw(command.kind, command, payloadOf(command), play);
  }

  private runRaw(
    kind: MagicCommand,
    command: { ref: string; name: string; tld: string },
    payload: object,
    play: Play,
  ): Promise<Ending> {
    return this.executions.run({
      kind,
      command,
      payload: play?.kind === 'refuse' ? { ...payload, refuse_code: play.code } : payload,
      play: play?.kind ?? null,
    });
  }

  /**
   * The commit waits for the disk, and for the standby. A registrar that forgets what it has answered would be charged
   * for: behind a pooler the settlement waits through a failover and is made on the new primary.
   */
  private async executeTogether(executions: readonly Execution[], patience: Patience): Promise<Ending[]> {
    const { db, clock } = this.options;
    const calls = executions.map(
      ({ kind, command, payload, play }, n) => sql`SELECT ${rawSql(String(n))} AS n, e.ending, e.code, e.info
      FROM domains.sandbox_execute(${n === 0 ? withPatience(kind, patience) : kind}, ${command.ref}, ${command.name},
        ${command.tld}, ${clock.now()}::timestamptz, ${JSON.stringify(payload)}::jsonb, ${play}::text) e`,
    );
    // Raw SQL: functions in a shared statement (decision 0006).
    const rows = await db.$queryRaw<(Ending & { n: number })[]>(sql`WITH executed AS (${joinSql(calls, ' UNION ALL ')})
      SELECT n, ending, code, info FROM executed ORDER BY n`);
    return rows;
  }

  private async count(ref: string, what: 'attempts' | 'look_ups'): Promise<number> {
    const isAttempt = what === 'attempts' ? 1 : 0;
    // Raw SQL: it counts and answers in one statement, for the attempt or for the look-up.
    const rows = await this.options.db.$queryRaw<{ attempts: number; look_ups: number }[]>(
      joinSql(
        [
          sql`
      INSERT INTO domains.sandbox_play AS p (ref, attempts, look_ups)
        VALUES (${ref}, ${isAttempt}::int, ${1 - isAttempt}::int)
      ON CONFLICT (ref) DO UPDATE SET attempts = p.attempts + excluded.attempts,
        look_ups = p.look_ups + excluded.look_ups`,
          sql`RETURNING attempts, look_ups`,
        ],
        ' ',
      ),
    );
    return rows[0]?.[what] ?? 0;
  }
}

function checked(name: string, isTaken: boolean, isPriceChanged: boolean): NameCheck {
  const answer = checkAnswerOf(name);
  if (answer === 'check-fails') return { name, status: 'unknown', premium: false, fees: null };
  const status =
    isTaken || answer === 'taken' || answer === 'elsewhere'
      ? 'taken'
      : answer === 'reserved'
        ? 'reserved'
        : 'available';
  return {
    name,
    status,
    premium: answer === 'premium',
    fees: answer === 'premium' ? PREMIUM_FEES : isPriceChanged ? CHANGED_FEES : null,
  };
}

function hashOf(code: string): string {
  return createHash('sha256').update(code).digest('hex');
}
