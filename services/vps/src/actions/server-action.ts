// The common part of all operations on a server: the lock row, the call to the supplier under the operation's id, the
// state afterwards.
import type { ErrorCode, ErrorDetail } from '@lumi/shared/contract';
import { fromStep, rider, sql, usingStep, type Rider, type Sql } from '@lumi/shared/db';
import type { SERVER_ACTION_EVENTS } from '@lumi/shared/events';
import { operationKind, type AnyOperationKind, type Operation, type OperationKind } from '@lumi/shared/operations';
import type { JsonObject, LookUp, Outcome } from '@lumi/shared/purchase';
import { withServerTruth } from '../servers/sync-server';
import { LOCKED, lockServer, unlockServer } from '../store/server-lock';
import type { ActionResult, MachineAction } from '../supplier/hypervisor';
import type { VpsDeps } from '../deps';

export interface ActionItem extends JsonObject {
  readonly server_id: string;
  readonly machine: string;
  readonly hostname: string;
}

export type Acted = ActionResult & JsonObject;

export interface ServerAction<I extends ActionItem> {
  /** Stored on rows; never changed. */
  readonly kind: string;
  /** As `busy.action` shows it. */
  readonly label: string;
  /** Null: the supplier has nothing to do. */
  machineAction(operation: Operation<I>): MachineAction | null | Promise<MachineAction | null>;
  /** Columns of the server's row beside its power, as `, column = value`. */
  change?(operation: Operation<I>, at: Date): Sql;
  /** Columns to set back when the supplier refuses. */
  changeBack?(operation: Operation<I>, at: Date): Sql;
  /** Rows of other tables. */
  rows?(operation: Operation<I>, result: Acted): readonly Rider<'finished'>[];
  rowsBack?(operation: Operation<I>): readonly Rider<'finished'>[];
  /** What else to read again when the supplier refuses because its data differ from ours. */
  readAgain?(operation: Operation<I>): Promise<ErrorDetail[]>;
  /** Null when no event is written. */
  readonly event: keyof typeof SERVER_ACTION_EVENTS | null;
}

export function serverAction<I extends ActionItem>(
  vps: VpsDeps,
  action: ServerAction<I>,
): OperationKind<I, Acted> & AnyOperationKind {
  const { clock } = vps.service;
  const ask = async (operation: Operation<I>, signal: AbortSignal, how: 'act' | 'lookUp'): Promise<LookUp<Acted>> => {
    const wanted = await action.machineAction(operation);
    if (wanted === null) return { kind: 'done', result: { power: 'stopped' } };
    return withServerTruth(
      vps,
      { accountId: operation.accountId, serverId: operation.subject, operationId: operation.id },
      await vps.hypervisor[how](operation.id, operation.item.machine, wanted, signal),
      () => action.readAgain?.(operation) ?? Promise.resolve([]),
    );
  };
  const update = (operation: Operation<I>, columns: Sql): Rider<'finished'> =>
    rider`UPDATE vps.server SET ${columns} ${fromStep('finished')} AND id = ${operation.subject}`;
  const unlock = (operation: Operation<I>): Rider<'finished'> =>
    unlockServer(operation.subject, operation.id, usingStep('finished'));
  return operationKind<I, Acted>({
    kind: action.kind,
    act: async (operation, signal): Promise<Outcome<Acted>> => {
      const outcome = await ask(operation, signal, 'act');
      return outcome.kind === 'absent'
        ? { kind: 'unknown', cause: 'the supplier knows nothing of what it was just asked' }
        : outcome;
    },
    lookUp: (operation, signal) => ask(operation, signal, 'lookUp'),
    prepare: (operation) => [
      lockServer({ serverId: operation.subject, operationId: operation.id, action: action.label }, fromStep('started')),
    ],
    deliver: (operation, result) => [
      update(operation, sql`power = ${result.power}${action.change?.(operation, clock.now()) ?? sql``}`),
      ...(action.rows?.(operation, result) ?? []),
      unlock(operation),
    ],
    undo: (operation) => {
      const back = action.changeBack?.(operation, clock.now());
      return [
        ...(back === undefined ? [] : [update(operation, back)]),
        ...(action.rowsBack?.(operation) ?? []),
        unlock(operation),
      ];
    },
    events: (operation) =>
      action.event === null
        ? []
        : [
            {
              type: action.event,
              subject: operation.subject,
              data: { server_id: operation.subject, operation_id: operation.id, hostname: operation.item.hostname },
            },
          ],
    refusalOfConstraint: (constraint): ErrorCode | null => (constraint === LOCKED ? 'busy' : null),
  });
}
