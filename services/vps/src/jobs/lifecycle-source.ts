// The lifecycle of servers, in the terms of the shared lifecycle: reminders, grace, suspension, deletion at the end of
// the period, and automatic renewals. Each call to the supplier is an operation like one that a caller starts, under
// the same lock. A stage waits until its operation is done.
import { AppError, newId } from '@lumi/shared/contract';
import { oneByOne } from '@lumi/shared/endpoint';
import { fromStep, rider, sql, type Sql } from '@lumi/shared/db';
import type { LifecycleSource, Resource, StageCall } from '@lumi/shared/lifecycle';
import { runOperation, type AnyOperationKind } from '@lumi/shared/operations';
import type { JsonObject, Offer, Outcome } from '@lumi/shared/purchase';
import { addMonths, isoSeconds } from '@lumi/shared/runtime';
import { DAY_MS, HOUR_MS } from '@lumi/shared/times';
import type { Actions } from '../actions/actions';
import { renewOffer } from '../purchases/renew-offer';
import { requireServer } from '../endpoints/require-server';
import { NEXT_PRICE, findServer, findServers, type Server } from '../store/servers';
import type { VpsDeps } from '../deps';

const RENEW_BEFORE_MS = DAY_MS;
const LOOK_AGAIN_MS = 2_000;

export function serverLifecycle(vps: VpsDeps, actions: Actions): LifecycleSource {
  return {
    product: 'vps',
    noun: 'server',
    live: (until) => sql`
      SELECT s.id, s.account_id, s.expires_at, s.auto_renew, p.renew_price AS price FROM vps.server s
      LEFT JOIN vps.plan_price p ON ${NEXT_PRICE}
      WHERE s.lifecycle IN ('active', 'grace', 'suspended') AND s.expires_at < ${until}::timestamptz`,
    read: async (ids) =>
      (await findServers(vps.service.db.platform, { kind: 'all' }, ids)).flatMap((server) => resourceOf(vps, server)),
    stages: {
      grace: {
        deliver: ({ id, expiresAt }) => [
          rider`
        UPDATE vps.server s SET lifecycle = 'grace',
          grace_ends_at = ${graceEnd(vps, expiresAt)}::timestamptz ${fromStep('advanced')} AND s.id = ${id}
            AND s.lifecycle = 'active' AND s.expires_at = ${expiresAt}::timestamptz`,
        ],
      },
      suspended: {
        hasOwnEvent: true,
        enter: (resource, call) =>
          suspendedOtherwise(vps, resource, call, () =>
            carryOut(vps, resource, {
              kind: actions.suspend,
              item: { kind: 'unpaid' },
              isThere: ({ lifecycle }) => lifecycle === 'suspended',
              from: sql`lifecycle = 'grace'`,
              change: sql`lifecycle = 'suspended', suspension_kind = 'unpaid', suspended_at = ${call.now}::timestamptz,
                suspension_reason = 'Not renewed.', grace_ends_at = NULL,
            terminates_at = ${terminationOf(vps, resource, call)}::timestamptz`,
            }),
          ),
      },
      deleted: {
        hasOwnEvent: true,
        enter: (resource, call) =>
          carryOut(vps, resource, {
            kind: actions.remove,
            item: {},
            isThere: ({ lifecycle }) => lifecycle === 'terminating',
            from: sql`lifecycle IN ('active', 'grace') AND delete_at_expiry`,
            change: sql`lifecycle = 'terminating', grace_ends_at = NULL,
              terminates_at = ${new Date(call.now.getTime() + vps.settings.UNDELETE_HOURS * HOUR_MS)}::timestamptz`,
          }),
      },
    },
    renewals: (accountId, resources) => oneByOne(resources, ({ id }) => renewalOf(vps, accountId, id)),
  };
}

function resourceOf(vps: VpsDeps, server: Server): Resource[] {
  const { expiresAt } = server;
  if (expiresAt === null || !['active', 'grace', 'suspended'].includes(server.lifecycle)) return [];
  const suspendsAt = graceEnd(vps, expiresAt);
  return [
    {
      id: server.id,
      accountId: server.accountId,
      expiresAt,
      startedAt: addMonths(expiresAt, -server.periodMonths),
      autoRenew: server.autoRenew,
      renewFrom: new Date(expiresAt.getTime() - RENEW_BEFORE_MS),
      renewUntil: suspendsAt,
      tags: server.tags,
      stages: server.deleteAtExpiry
        ? [{ name: 'deleted', at: expiresAt }]
        : [
            { name: 'grace', at: expiresAt },
            { name: 'suspended', at: suspendsAt },
          ],
      data: {
        server_id: server.id,
        hostname: server.hostname,
        grace_ends_at: isoSeconds(suspendsAt),
        reference: server.reference,
      },
      holds: sql`EXISTS (SELECT 1 FROM vps.server h WHERE h.id = ${server.id}
        AND h.expires_at = ${expiresAt}::timestamptz AND h.renewing IS NULL
          AND h.delete_at_expiry = ${server.deleteAtExpiry})`,
    },
  ];
}

/**
 * A server that an operator has suspended is not suspended a second time. It keeps the usual deadline, and the stage
 * waits in case the operator lifts the suspension. The stage also waits while a grace period runs that began later than
 * usual.
 */
async function suspendedOtherwise(
  vps: VpsDeps,
  resource: Resource,
  call: StageCall,
  unpaid: () => Promise<Outcome<JsonObject>>,
): Promise<Outcome<JsonObject>> {
  const {
    db: { platform },
  } = vps.service;
  const wait = (checkAfterMs: number): Outcome<JsonObject> => ({ kind: 'pending', supplierRef: '', checkAfterMs });
  const server = await findServer(platform, { kind: 'account', accountId: resource.accountId }, resource.id);
  if (server?.lifecycle === 'suspended' && server.suspension?.kind !== 'unpaid') {
    await vps.db.server.updateMany({
      where: { id: server.id, lifecycle: 'suspended', suspension_kind: { not: 'unpaid' }, terminates_at: null },
      data: { terminates_at: terminationOf(vps, resource, call) },
    });
    return wait(HOUR_MS);
  }
  const graceLeftMs =
    server?.lifecycle === 'grace' && server.graceEndsAt !== null
      ? server.graceEndsAt.getTime() - call.now.getTime()
      : 0;
  return graceLeftMs > 0 ? wait(graceLeftMs) : unpaid();
}

interface StageWork {
  readonly kind: AnyOperationKind;
  readonly item: JsonObject;
  isThere(server: Server): boolean;
  readonly from: Sql;
  readonly change: Sql;
}

/** Starts the operation once. It is done when the server is in its state and no operation runs on it. */
async function carryOut(vps: VpsDeps, resource: Resource, work: StageWork): Promise<Outcome<JsonObject>> {
  const { service } = vps;
  const again: Outcome<JsonObject> = { kind: 'pending', supplierRef: '', checkAfterMs: LOOK_AGAIN_MS };
  const server = await findServer(service.db.platform, { kind: 'account', accountId: resource.accountId }, resource.id);
  if (server === null) return { kind: 'refused', code: 'not_found' };
  if (server.busy !== null) return again;
  if (work.isThere(server)) return { kind: 'done', result: {} };
  try {
    const operation = await runOperation(service.purchases, {
      kind: work.kind,
      subject: server.id,
      accountId: server.accountId,
      product: service.product,
      lockKey: null,
      keyId: null,
      requestId: newId('req', service.clock.nowMs()),
      item: { ...work.item, server_id: server.id, machine: server.machine, hostname: server.hostname },
      guard: sql`UPDATE vps.server SET ${work.change} WHERE id = ${server.id}
        AND expires_at = ${resource.expiresAt}::timestamptz AND renewing IS NULL AND ${work.from}
          RETURNING id AS subject`,
    });
    return operation.state === 'failed' ? { kind: 'unknown', cause: operation.errorCode } : again;
  } catch (err) {
    // Renewed, or another operation took the server meanwhile: the next round decides.
    if (err instanceof AppError && (err.code === 'busy' || err.code === 'state_conflict')) return again;
    throw err;
  }
}

async function renewalOf(vps: VpsDeps, accountId: string, id: string): Promise<Offer> {
  return renewOffer(vps, await requireServer(vps, { kind: 'account', accountId }, id), {});
}

function graceEnd(vps: VpsDeps, expiresAt: Date): Date {
  return new Date(expiresAt.getTime() + vps.settings.GRACE_HOURS * HOUR_MS);
}

/** When workers were down and the suspension came late, the deletion still leaves the owner one day to renew. */
function terminationOf(vps: VpsDeps, resource: Resource, call: StageCall): Date {
  return new Date(
    Math.max(resource.expiresAt.getTime() + vps.settings.TERMINATE_AFTER_HOURS * HOUR_MS, call.now.getTime() + DAY_MS),
  );
}
