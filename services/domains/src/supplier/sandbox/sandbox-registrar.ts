// The sandbox registrar: a registry of its own in Postgres (so that it is the same whichever process asks), executed by one statement per
// command, with an append-only log in which one reference ends once. Magic names play every ending a real registrar may surprise us with.
import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { assertNever, type ErrorCode } from '@lumi/shared/contract';
import { joinSql, rawSql, SharedStatement, sql, withPatience, type Patience, type SqlRunner } from '@lumi/shared/db';
import type { LookUp, Outcome } from '@lumi/shared/purchase';
import type { Clock } from '@lumi/shared/runtime';
import type { ContactAnswer, ContactData, DeleteCommand, InfoAnswer, NameCheck, NameInfo, PaidCommand, Registrar, TransferCommand, UpdateCommand } from '../registrar';
import { TRANSFER_CANCELLED } from '../registrar';
import { CHANGED_FEES, ELSEWHERE_AUTH_CODE, PREMIUM_FEES, checkAnswerOf, driftOf, feeDueOf, magicOf, type Magic, type MagicCommand } from './magic';

export interface SandboxOptions {
  readonly db: SqlRunner;
  readonly clock: Clock;
  /** How long `timeout-…` keeps the caller waiting. */
  readonly timeoutMs: number;
  readonly slowMs: number;
}

interface Ending {
  readonly ending: 'pending' | 'done' | 'refused';
  readonly code: string | null;
  readonly info: NameInfo | null;
}

interface Execution {
  readonly kind: MagicCommand;
  readonly command: { readonly ref: string; readonly name: string; readonly tld: string };
  readonly payload: object;
  readonly play: 'pending' | 'refuse' | null;
}

type Play = null | { readonly kind: 'pending' } | { readonly kind: 'refuse'; readonly code: string };

/** A transfer in takes a while at every registry. */
const TRANSFER_LOOK_UPS = 1;
const PENDING_CHECK_MS = 2_000;
/** What the registry says and how the API says it. */
const REFUSALS: Readonly<Record<string, { readonly code: ErrorCode; readonly text: string }>> = {
  not_available: { code: 'not_available', text: 'The name is not available any more.' },
  price_changed: { code: 'price_changed', text: 'The registry asks another price than the one agreed to; nothing was charged.' },
  expiry_mismatch: { code: 'expiry_mismatch', text: "'current_expires_at' is not the expiry the registry has; read the domain again before renewing." },
  state_conflict: { code: 'state_conflict', text: 'The name is in a state at the registry that does not allow this.' },
  auth_code: { code: 'validation_error', text: 'The auth code is not valid for this name.' },
  cancelled: { code: 'state_conflict', text: TRANSFER_CANCELLED },
};
const REFUSED = { code: 'supplier_error', text: 'The registry refused this request; nothing was charged.' } as const;

export class SandboxRegistrar implements Registrar {
  readonly id = 'sandbox';
  private readonly checks: SharedStatement<readonly string[], readonly NameCheck[]>;
  private readonly executions: SharedStatement<Execution, Ending>;

  constructor(private readonly options: SandboxOptions) {
    this.checks = new SharedStatement({ run: (calls) => this.checkTogether(calls) });
    this.executions = new SharedStatement({ run: (calls, patience) => this.executeTogether(calls, patience), lockOf: ({ command }) => command.name });
  }

  check(names: readonly string[], _signal: AbortSignal): Promise<readonly NameCheck[]> {
    return this.checks.run(names);
  }

  private async checkTogether(calls: readonly (readonly string[])[]): Promise<(readonly NameCheck[])[]> {
    const { db, clock } = this.options;
    const names = calls.flat();
    const changeable = names.filter((name) => checkAnswerOf(name) === 'price-changed');
    const rows = await db.$queryRaw<{ name: string; is_taken: boolean }[]>(sql`SELECT n.name, true AS is_taken FROM domains.sandbox_name n WHERE n.name = ANY (${[...names]}::text[]) AND domains.sandbox_phase(n, ${clock.now()}::timestamptz) <> 'free'
      ${changeable.length === 0 ? sql`` : sql`UNION ALL SELECT DISTINCT l.name, false FROM domains.sandbox_log l WHERE l.name = ANY (${changeable}::text[]) AND l.code = 'price_changed'`}`);
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
      if (command.kind === 'register' && outcome.kind === 'done') await this.drift(command.name, outcome.result);
      return outcome;
    }
    return this.play(magic, command.ref, signal, (play) => this.run(command, play));
  }

  async lookUp(command: PaidCommand, _signal: AbortSignal): Promise<LookUp<NameInfo>> {
    const magic = magicOf(command.kind, command.name);
    const rows = await this.options.db.$queryRaw<Ending[]>(sql`
      SELECT ending, code, info FROM domains.sandbox_log WHERE ref = ${command.ref} ORDER BY (ending = 'pending') LIMIT 1`);
    const found = rows[0];
    if (found === undefined) return { kind: 'absent' };
    if (magic?.ending === 'stays-unknown' && (await this.count(command.ref, 'look_ups')) <= magic.count) return { kind: 'unknown', cause: 'the sandbox does not tell yet' };
    if (found.ending !== 'pending') return outcomeOf(found);
    if ((await this.count(command.ref, 'look_ups')) < (magic?.count ?? TRANSFER_LOOK_UPS)) return outcomeOf(found);
    return outcomeOf(await this.run(command, magic?.ending === 'pending-then-refused' ? { kind: 'refuse', code: 'supplier_error' } : null));
  }

  async info(name: string, _signal: AbortSignal): Promise<InfoAnswer> {
    const rows = await this.options.db.$queryRaw<{ info: NameInfo }[]>(sql`
      SELECT domains.sandbox_info(n, ${this.options.clock.now()}::timestamptz) AS info FROM domains.sandbox_name n WHERE n.name = ${name}`);
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
      ...(change.authCode === undefined ? {} : { auth_hash: change.authCode === null ? null : hashOf(change.authCode.code), auth_expires_at: change.authCode?.expiresAt.toISOString() ?? null }),
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

  async updateContact(handle: string, data: ContactData, _signal: AbortSignal): Promise<Outcome<ContactData & { readonly [field: string]: unknown }>> {
    await this.options.db.$executeRaw(sql`
      INSERT INTO domains.sandbox_contact (handle, data) VALUES (${handle}, ${JSON.stringify(data)}::jsonb) ON CONFLICT (handle) DO UPDATE SET data = excluded.data`);
    return { kind: 'done', result: { ...data } };
  }

  async readContact(handle: string, _signal: AbortSignal): Promise<ContactAnswer> {
    const rows = await this.options.db.$queryRaw<{ data: ContactData }[]>(sql`SELECT data FROM domains.sandbox_contact WHERE handle = ${handle}`);
    return rows[0] === undefined ? { kind: 'absent' } : { kind: 'found', data: rows[0].data };
  }

  async cancelTransfer(command: TransferCommand, _signal: AbortSignal): Promise<void> {
    await this.run(command, { kind: 'refuse', code: 'cancelled' });
  }

  /** Changes the name at the registry without a word to us; nothing if it was changed already. */
  private async drift(name: string, told: NameInfo): Promise<void> {
    const drift = driftOf(name);
    if (drift === null) return;
    const asTold = sql`WHERE name = ${name} AND sponsor = 'us' AND deleted_at IS NULL AND expires_at = ${new Date(told.expires_at)}::timestamptz`;
    const { db, clock } = this.options;
    switch (drift) {
      case 'drift-expiry':
        await db.$executeRaw(sql`UPDATE domains.sandbox_name SET expires_at = expires_at + interval '1 year' ${asTold}`);
        return;
      case 'drift-redemption':
        await db.$executeRaw(sql`UPDATE domains.sandbox_name SET deleted_at = date_trunc('second', ${clock.now()}::timestamptz) ${asTold}`);
        return;
      case 'drift-nameservers':
        await db.$executeRaw(sql`UPDATE domains.sandbox_name SET nameservers = '{ns1.example.org,ns2.example.org}', locked = false ${asTold}`);
        return;
      case 'drift-away':
        await db.$executeRaw(sql`UPDATE domains.sandbox_name SET sponsor = 'other' ${asTold}`);
        return;
      case 'drift-gone':
        await db.$executeRaw(sql`DELETE FROM domains.sandbox_name ${asTold}`);
        return;
      default:
        assertNever(drift);
    }
  }

  private async play(magic: Magic, ref: string, signal: AbortSignal, run: (play: Play) => Promise<Ending>): Promise<Outcome<NameInfo>> {
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

  private runRaw(kind: MagicCommand, command: { ref: string; name: string; tld: string }, payload: object, play: Play): Promise<Ending> {
    return this.executions.run({ kind, command, payload: play?.kind === 'refuse' ? { ...payload, refuse_code: play.code } : payload, play: play?.kind ?? null });
  }

  /**
   * The commit does not wait for the disk. What a crash of the database takes back here it takes back of everything that was built on it, too: whoever
   * settles an order commits later, to the same log, and does wait. Until then the order is open, and a look-up finds its reference absent.
   */
  private async executeTogether(executions: readonly Execution[], patience: Patience): Promise<Ending[]> {
    const { db, clock } = this.options;
    const calls = executions.map(({ kind, command, payload, play }, n) => sql`SELECT ${rawSql(String(n))} AS n, e.ending, e.code, e.info
      FROM domains.sandbox_execute(${n === 0 ? withPatience(kind, patience) : kind}, ${command.ref}, ${command.name}, ${command.tld}, ${clock.now()}::timestamptz, ${JSON.stringify(payload)}::jsonb, ${play}::text) e`);
    const rows = await db.$queryRaw<(Ending & { n: number })[]>(sql`WITH executed AS (${joinSql(calls, ' UNION ALL ')})
      SELECT n, ending, code, info, set_config('synchronous_commit', 'off', true) AS commits FROM executed ORDER BY n`);
    return rows;
  }

  private async count(ref: string, what: 'attempts' | 'look_ups'): Promise<number> {
    const isAttempt = what === 'attempts' ? 1 : 0;
    const rows = await this.options.db.$queryRaw<{ attempts: number; look_ups: number }[]>(joinSql([sql`
      INSERT INTO domains.sandbox_play AS p (ref, attempts, look_ups) VALUES (${ref}, ${isAttempt}::int, ${1 - isAttempt}::int)
      ON CONFLICT (ref) DO UPDATE SET attempts = p.attempts + excluded.attempts, look_ups = p.look_ups + excluded.look_ups`, sql`RETURNING attempts, look_ups`], ' '));
    return rows[0]?.[what] ?? 0;
  }
}

function checked(name: string, isTaken: boolean, isPriceChanged: boolean): NameCheck {
  const answer = checkAnswerOf(name);
  if (answer === 'check-fails') return { name, status: 'unknown', premium: false, fees: null };
  const status = isTaken || answer === 'taken' || answer === 'elsewhere' ? 'taken' : answer === 'reserved' ? 'reserved' : 'available';
  return { name, status, premium: answer === 'premium', fees: answer === 'premium' ? PREMIUM_FEES : isPriceChanged ? CHANGED_FEES : null };
}

/** Refusals that follow from the command alone. */
function refusalOf(command: PaidCommand): string | null {
  if (command.kind === 'register' && ['taken', 'elsewhere', 'reserved'].includes(checkAnswerOf(command.name) ?? '')) return 'not_available';
  if (command.kind === 'transfer' && checkAnswerOf(command.name) === 'elsewhere' && command.authCode !== ELSEWHERE_AUTH_CODE) return 'auth_code';
  if (command.kind === 'transfer' && checkAnswerOf(command.name) !== 'elsewhere') return 'state_conflict';
  return null;
}

function payloadOf(command: PaidCommand): object {
  const priced = { years: command.years, fee: command.fee === null ? null : command.fee.toString() };
  switch (command.kind) {
    case 'register': {
      const feeDue = feeDueOf(command.name, command.years);
      return { ...priced, ...holding(command), ...(feeDue === undefined ? {} : { fee_due: feeDue.toString() }) };
    }
    case 'transfer':
      return { ...priced, ...holding(command), keep_nameservers: command.keepNameservers };
    case 'renew':
      return { ...priced, current_expires_at: command.currentExpiresAt.toISOString() };
    case 'restore':
      return priced;
    default:
      return assertNever(command);
  }
}

function holding(command: Pick<TransferCommand, 'nameservers' | 'contacts' | 'contactData' | 'privacy' | 'locked'>): object {
  return { nameservers: command.nameservers, contacts: command.contacts, contact_data: command.contactData, privacy: command.privacy, locked: command.locked };
}

function outcomeOf(ending: Ending): Outcome<NameInfo> {
  if (ending.ending === 'pending') return { kind: 'pending', supplierRef: 'sandbox', checkAfterMs: PENDING_CHECK_MS };
  if (ending.ending === 'done' && ending.info !== null) return { kind: 'done', result: ending.info };
  return { kind: 'refused', ...(REFUSALS[ending.code ?? ''] ?? REFUSED) };
}

function hashOf(code: string): string {
  return createHash('sha256').update(code).digest('hex');
}
