// A hypervisor that exists in tables only: realistic timing and states, its own append-only log of what it executed,
// and host names for every ending. It executes a reference once, however often it is called.
import { readAddress } from '@lumi/shared/addresses';
import { sql, type Sql } from '@lumi/shared/db';
import type { LookUp, Outcome } from '@lumi/shared/purchase';
import type { Clock } from '@lumi/shared/runtime';
import type { ErrorCode } from '@lumi/shared/contract';
import type { PrismaClient } from '../../generated/db/client';
import type {
  ActionResult,
  Hypervisor,
  Machine,
  MachineAction,
  MachineReading,
  MachineSpec,
  Power,
  SnapshotsReading,
} from '../hypervisor';
import { driftOf, endingOf, type Ending } from './magic';
import { powerAfter, MIN_SNAPSHOT_GB, effects } from './effects';

export interface SandboxTiming {
  /** How long it takes to make a machine. */
  readonly createMs: number;
  /** How long every other action takes. */
  readonly actionMs: number;
}

const SLOW_FACTOR = 10;
/** The numbers of machines are far below this, so an address that `drift-address` sets belongs to no other machine. */
const DRIFTED_BY = 1_000_000;

type Refusal = Extract<ErrorCode, 'supplier_error' | 'out_of_stock' | 'state_conflict'>;

type TaskResult = { readonly power?: Power; readonly sizeGb?: number };

export class SandboxHypervisor implements Hypervisor {
  readonly name = 'sandbox';
  readonly isSandbox = true;

  constructor(
    private readonly db: PrismaClient,
    private readonly clock: Clock,
    private readonly timing: SandboxTiming,
  ) {}

  async create(spec: MachineSpec): Promise<Outcome<Machine>> {
    const ending = endingOf(spec.hostname, 'creation');
    const power: Power = spec.start ? 'running' : 'stopped';
    const drift = driftOf(spec.hostname);
    const later: Power = drift === 'drift-power' ? (spec.start ? 'stopped' : 'running') : power;
    return this.perform(
      spec.name,
      ending,
      this.timing.createMs,
      { machine: spec.name, action: 'create', result: { power } },
      (task, readyAt) => [
        sql`machine AS (INSERT INTO vps.sandbox_machine (name, hostname, plan_id, location_id, image_id, disk_gb, power,
          ready_at, deleted_at)
        SELECT ${spec.name}, ${spec.hostname}, ${spec.size.planId}, ${spec.locationId}, ${spec.imageId},
          ${spec.size.diskGb}::int, ${later}, ${readyAt}::timestamptz,
            ${drift === 'drift-gone' ? readyAt : null}::timestamptz FROM ${task} WHERE refusal IS NULL)`,
      ],
      () => this.machineOf(spec.name, power),
    );
  }

  async lookUpCreate(spec: MachineSpec): Promise<LookUp<Machine>> {
    return this.look(spec.name, endingOf(spec.hostname, 'creation'), (result) =>
      this.machineOf(spec.name, result.power ?? 'unknown'),
    );
  }

  async act(reference: string, machine: string, action: MachineAction): Promise<Outcome<ActionResult>> {
    const row = await this.find(machine);
    if (row === null)
      return action.action === 'delete' || action.action === 'suspend'
        ? { kind: 'done', result: { power: 'stopped' } }
        : { kind: 'refused', code: 'state_conflict', text: 'The machine does not exist any more.' };
    const missing = await this.missingFor(machine, action);
    if (missing !== null) return { kind: 'refused', code: 'state_conflict', text: missing };
    const power = powerAfter(action, row.power, row.suspended);
    const result = {
      power,
      ...(action.action === 'create-snapshot'
        ? { sizeGb: Math.max(MIN_SNAPSHOT_GB, Math.round(row.disk_gb / 10)) }
        : {}),
    };
    return this.perform(
      reference,
      endingOf(row.hostname, 'action'),
      this.timing.actionMs,
      { machine, action: action.action, result },
      (task) => effects(this.clock.now(), machine, action, result, task),
      () => Promise.resolve(result),
    );
  }

  async readSnapshots(machine: string): Promise<SnapshotsReading> {
    if ((await this.find(machine)) === null) return { kind: 'absent' };
    const rows = await this.db.sandboxSnapshot.findMany({ where: { machine }, orderBy: { id: 'asc' } });
    return { kind: 'found', snapshots: rows.map((row) => ({ id: row.id, sizeGb: row.size_gb })) };
  }

  /** Why the machine's state does not allow it; null: it does. */
  private async missingFor(machine: string, action: MachineAction): Promise<string | null> {
    if (action.action !== 'restore-snapshot') return null;
    const count = await this.db.sandboxSnapshot.count({ where: { id: action.snapshotId, machine } });
    return count === 0 ? 'The machine does not have this snapshot any more.' : null;
  }

  async read(machine: string): Promise<MachineReading> {
    const row = await this.find(machine);
    if (row === null) return { kind: 'absent' };
    return {
      kind: 'found',
      machine: await this.machineOf(machine, row.power, driftOf(row.hostname) === 'drift-address' ? DRIFTED_BY : 0),
    };
  }

  async lookUp(reference: string, machine: string): Promise<LookUp<ActionResult>> {
    const row = await this.find(machine);
    return this.look(reference, row === null ? null : endingOf(row.hostname, 'action'), (result) =>
      Promise.resolve({
        power: result.power ?? 'unknown',
        ...(result.sizeGb === undefined ? {} : { sizeGb: result.sizeGb }),
      }),
    );
  }

  /**
   * Writes the task, its effects and the log line in one statement. A reference that is already known only gets its
   * recorded answer.
   */
  private async perform<R>(
    reference: string,
    ending: Ending | null,
    durationMs: number,
    what: { machine: string; action: string; result: object },
    effects: (task: Sql, readyAt: Date) => readonly Sql[],
    answer: () => Promise<R>,
  ): Promise<Outcome<R>> {
    if (ending === 'never') return { kind: 'unknown', cause: 'sandbox: no answer' };
    if (ending === 'timeout-before' && (await this.isFirst(reference)))
      return { kind: 'unknown', cause: 'sandbox: the request was lost' };
    const refusal: Refusal | null =
      ending === 'refused' || ending === 'build-fails'
        ? 'supplier_error'
        : ending === 'out-of-stock'
          ? 'out_of_stock'
          : null;
    const now = this.clock.now();
    const isAtOnce = ending === 'refused' || ending === 'out-of-stock';
    const readyAt = new Date(now.getTime() + (isAtOnce ? 0 : durationMs * (ending === 'slow' ? SLOW_FACTOR : 1)));
    const task = sql`task`;
    const riders = effects(task, readyAt);
    // Raw SQL: one statement for the task, its effects and the log line.
    await this.db.$queryRaw(sql`
      WITH task AS (INSERT INTO vps.sandbox_task (reference, machine, action, ready_at, refusal, result, created_at)
        VALUES (${reference}, ${what.machine}, ${what.action}, ${readyAt}::timestamptz, ${refusal}::text,
          ${JSON.stringify(what.result)}::jsonb, ${now}::timestamptz)
        ON CONFLICT (reference) DO NOTHING RETURNING reference,
          refusal)${riders.reduce(
            (all, rider) => sql`${all},
          ${rider}`,
            sql``,
          )},
      log AS (INSERT INTO vps.sandbox_log (reference, action, machine, at)
        SELECT reference, ${what.action}, ${what.machine}, ${now}::timestamptz FROM task WHERE refusal IS NULL)
      SELECT count(*)::int AS added FROM task`);
    if (ending === 'timeout-after') return { kind: 'unknown', cause: 'sandbox: the answer was lost' };
    if (ending === 'error-after') return { kind: 'unknown', cause: 'sandbox: 500 after success' };
    const outcome = await this.look(reference, ending, answer);
    return outcome.kind === 'absent' ? { kind: 'unknown', cause: 'sandbox: the task vanished' } : outcome;
  }

  private async look<R>(
    reference: string,
    ending: Ending | null,
    answer: (result: TaskResult) => Promise<R>,
  ): Promise<LookUp<R>> {
    if (ending === 'never') return { kind: 'unknown', cause: 'sandbox: no answer' };
    const task = await this.db.sandboxTask.findUnique({ where: { reference } });
    if (task === null) return { kind: 'absent' };
    const leftMs = task.ready_at.getTime() - this.clock.nowMs();
    if (leftMs > 0) return { kind: 'pending', supplierRef: reference, checkAfterMs: leftMs };
    if (task.refusal !== null) return { kind: 'refused', code: task.refusal as Refusal }; // written above
    return { kind: 'done', result: await answer(task.result as TaskResult), supplierRef: reference };
  }

  private async isFirst(reference: string): Promise<boolean> {
    return (await this.db.sandboxLost.createMany({ data: { reference }, skipDuplicates: true })).count > 0;
  }

  private async find(
    name: string,
  ): Promise<{ hostname: string; power: Power; suspended: boolean; disk_gb: number } | null> {
    const row = await this.db.sandboxMachine.findFirst({ where: { name, deleted_at: null } });
    return row === null ? null : { ...row, power: row.power as Power }; // written by this file alone
  }

  /** Addresses follow from the machine's number: unique, and from ranges that are not routed. */
  private async machineOf(name: string, power: Power, movedBy = 0): Promise<Machine> {
    const row = await this.db.sandboxMachine.findUnique({ where: { name } });
    const number = Number(row?.seq ?? 0n) + movedBy;
    const rdns = (row?.rdns ?? {}) as Readonly<Record<string, string>>;
    const high = 64 + (Math.floor(number / 65_536) % 64);
    const ipv4 = [100, high, Math.floor(number / 256) % 256, number % 256].join('.');
    const prefix = `2001:db8:${Math.floor(number / 65_536).toString(16)}:${(number % 65_536).toString(16)}`;
    const ipv6 = readAddress(`${prefix}::1`).value ?? '';
    return {
      power,
      gateway: '100.64.0.1',
      addresses: [
        { ip: ipv4, version: 4, rdns: rdns[ipv4] ?? null, primary: true },
        { ip: ipv6, version: 6, rdns: rdns[ipv6] ?? null, primary: false },
      ],
    };
  }
}
