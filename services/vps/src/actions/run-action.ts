// Starts an operation on a server for a caller: refusals before the start, and refusals by the database in a race.
import type { Principal } from '@lumi/shared/principal';
import { newId } from '@lumi/shared/contract';
import { fromStep, sql, type Rider, type Sql } from '@lumi/shared/db';
import {
  keepSecret,
  operationSchema,
  runOperation,
  viewOperation,
  type AnyOperationKind,
  type Operation,
} from '@lumi/shared/operations';
import { json, type Reply } from '@lumi/shared/endpoint';
import { z } from 'zod';
import { generatePassword } from '../purchases/password';
import { refusalOf, type ActionName } from '../servers/server-rules';
import { namingTheOther } from '../servers/busy';
import { lifecycleSql, type Server } from '../store/servers';
import type { VpsDeps } from '../deps';
import type { ActionItem } from './server-action';

export const operationAccepted = z.object({ operation_id: z.string(), operation: operationSchema });

export interface ActionRequest<I extends ActionItem> {
  readonly kind: AnyOperationKind;
  readonly action: ActionName;
  readonly server: Server;
  readonly item: Omit<I, keyof ActionItem>;
  readonly principal: Principal;
  readonly requestId: string;
  /** Makes a root password, which the caller reads on the operation. */
  readonly password?: boolean;
  /** Columns of the server that change with the start, as `column = value`. */
  readonly change?: Sql;
  readonly prepare?: readonly Rider<'started'>[];
  /** The call that records who started it (`noteSql`). */
  readonly note?: Sql;
}

/** Throws the refusal. The statement that starts the operation checks the state again, on the locked row. */
export async function runAction<I extends ActionItem>(vps: VpsDeps, request: ActionRequest<I>): Promise<Operation> {
  const { server, action } = request;
  const refusal = refusalOf(action, server);
  if (refusal !== null) throw refusal;
  const { service } = vps;
  const id = newId('op', service.clock.nowMs());
  const secret =
    request.password === true
      ? [
          keepSecret(
            service.config.SECRET_RING,
            { operationId: id, accountId: server.accountId, product: service.product },
            generatePassword(),
            fromStep('started'),
          ),
        ]
      : [];
  const unchanged = sql`id = ${server.id} AND ${lifecycleSql(service.clock.now())} = ${server.lifecycle}
    AND (${action !== 'delete' && action !== 'suspend'} OR renewing IS NULL)`;
  return namingTheOther(
    vps,
    server,
    runOperation(service.purchases, {
      id,
      kind: request.kind,
      subject: server.id,
      accountId: server.accountId,
      product: service.product,
      lockKey: null,
      keyId: request.principal.keyId,
      requestId: request.requestId,
      item: { ...request.item, server_id: server.id, machine: server.machine, hostname: server.hostname },
      guard:
        request.change === undefined
          ? sql`SELECT id AS subject FROM vps.server WHERE ${unchanged} FOR NO KEY UPDATE`
          : sql`UPDATE vps.server SET ${request.change} WHERE ${unchanged} RETURNING id AS subject`,
      prepare: [...secret, ...(request.prepare ?? [])],
      ...(request.note === undefined ? {} : { note: request.note }),
    }),
  );
}

export function actionReply(operation: Operation): Reply {
  return json(
    202,
    { operation_id: operation.id, operation: viewOperation(operation) },
    operation.state === 'running' ? { 'Retry-After': '2' } : undefined,
  );
}
