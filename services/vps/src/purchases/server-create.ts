// A new server. The statement that holds the money writes stock, server row, lock and sealed password; the statement
// that captures it writes addresses and expiry.
import type { ErrorCode } from '@lumi/shared/contract';
import { fromStep, rider, sql, usingStep, type AnyStepDone, type Rider, type RiderOf } from '@lumi/shared/db';
import { keepSecret, peekSecret } from '@lumi/shared/operations';
import {
  amountOf,
  operationIdOf,
  thingSold,
  viewOrder,
  type AnyThingSold,
  type JsonObject,
  type Order,
  type OrderView,
  type ThingSold,
} from '@lumi/shared/purchase';
import { addMonths } from '@lumi/shared/runtime';
import { LOCKED, lockServer, unlockServer } from '../store/server-lock';
import { findBuildData } from '../store/build-data';
import type { Server } from '../store/servers';
import type { Machine, MachineSpec } from '../supplier/hypervisor';
import { viewServer, type ServerView } from '../servers/server-view';
import type { VpsDeps } from '../deps';
import { generatePassword } from './password';
import { daysBetween } from './period';
import type { Stretch } from '../store/stretch';

export interface CreateItem extends JsonObject {
  readonly server_id: string;
  readonly hostname: string;
  readonly label: string | null;
  readonly plan_id: string;
  readonly location_id: string;
  readonly size: { readonly vcpu: number; readonly ram_mb: number; readonly disk_gb: number };
  readonly image_id: string;
  readonly period_months: number;
  readonly ssh_key_ids: readonly string[];
  readonly password: boolean;
  readonly auto_renew: boolean;
  readonly start: boolean;
  /** The price of a renewal today, for the first view of the server. Units as text. */
  readonly renew_price: string;
}

type Created = Machine & JsonObject;

/** The secret part of a request. It is stored in the server's row, never in the order. */
export interface CreateSecrets {
  readonly userData: Uint8Array | null;
}

export function serverCreate(
  vps: VpsDeps,
  secrets: CreateSecrets = { userData: null },
): ThingSold<CreateItem, Created> & AnyThingSold {
  const { config } = vps.service;
  return thingSold<CreateItem, Created>({
    kind: 'server_create',
    termsNow: 'fixed', // there is no server yet
    describe: ({ item }) =>
      `Server ${item.hostname}, ${item.plan_id} in ${item.location_id}, ${String(item.period_months)} month(s)`,
    act: async (order, signal) => vps.hypervisor.create(await specOf(vps, order), signal),
    lookUp: async (order, signal) => vps.hypervisor.lookUpCreate(await specOf(vps, order), signal),
    prepare: (order) => {
      const source = fromStep('begun');
      const operationId = operationIdOf(order.id);
      return [
        insertServer(order, secrets),
        lockServer({ serverId: order.item.server_id, operationId, action: 'create' }, source),
        takeStock(order.item.plan_id, order.item.location_id, source),
        ...(order.item.password
          ? [
              keepSecret(
                config.SECRET_RING,
                { operationId, accountId: order.accountId, product: order.product },
                generatePassword(),
                source,
              ),
            ]
          : []),
      ];
    },
    deliver: (order, machine) => {
      const at = order.settledAt ?? order.createdAt;
      const expiresAt = expiryOf(order, at);
      return [
        rider`UPDATE vps.server SET lifecycle = 'active', power = ${machine.power},
          gateway_ip = ${machine.gateway}::inet, ready_at = ${at}::timestamptz,
            expires_at = ${expiresAt}::timestamptz, anchor_day = ${at.getUTCDate()}::int,
              stretches = ${JSON.stringify([firstStretch(order, daysBetween(at, expiresAt))])}::jsonb
          ${fromStep('settled')} AND id = ${order.item.server_id}`,
        rider`INSERT INTO vps.address (ip, server_id, version, rdns, is_primary)
          SELECT a.ip, ${order.item.server_id}, a.version, a.rdns,
            a."primary" ${fromStep(
              'settled',
              sql`jsonb_to_recordset(${JSON.stringify(machine.addresses)}::jsonb) AS
              a(ip inet, version int, rdns text, "primary" boolean)`,
            )}`,
        unlockServer(order.item.server_id, operationIdOf(order.id), usingStep('settled')),
      ];
    },
    undo: (order) => [
      rider`UPDATE vps.server SET lifecycle = 'failed' ${fromStep('settled')} AND id = ${order.item.server_id}`,
      giveStockBack(order.item.plan_id, order.item.location_id, fromStep('settled')),
      unlockServer(order.item.server_id, operationIdOf(order.id), usingStep('settled')),
    ],
    answer: (order, machine) => ({
      status: 201,
      body: viewSale(order, madeServer(order, machine)),
      location: `/servers/${order.item.server_id}`,
    }),
    pendingAnswer: (order) => ({ body: viewSale(order, orderedServer(order)) }),
    events: (order, machine) => [
      {
        type: 'server.ready',
        subject: order.item.server_id,
        data: {
          server_id: order.item.server_id,
          order_id: order.id,
          hostname: order.item.hostname,
          ips: machine.addresses.map(({ ip }) => ip),
        },
      },
    ],
    refusalOfConstraint: createRefusal,
  });
}

/** How the engine's statement reports that stock ran out or that another operation has the server. */
export function createRefusal(constraint: string): ErrorCode | null {
  if (constraint === 'stock_not_negative') return 'out_of_stock';
  return constraint === LOCKED ? 'busy' : null;
}

export function takeStock<Done extends AnyStepDone>(planId: string, locationId: string, source: Done): RiderOf<Done> {
  return rider`UPDATE vps.stock SET free = free - 1 ${source} AND plan_id = ${planId} AND location_id = ${locationId}`;
}

export function giveStockBack<Done extends AnyStepDone>(
  planId: string,
  locationId: string,
  source: Done,
): RiderOf<Done> {
  return rider`UPDATE vps.stock SET free = free + 1 ${source} AND plan_id = ${planId} AND location_id = ${locationId}`;
}

/** The first line of the cost is the time; the set-up fee buys no time. */
function firstStretch({ item, terms }: Order<CreateItem>, days: number): Stretch {
  const [time] = terms.cost;
  return { months: item.period_months, days, price: (time === undefined ? 0n : amountOf(time)).toString() };
}

/**
 * `vps-` and the distinguishing part of the order's id. It is short enough for a host name, and it is the reference of
 * look-ups.
 */
export function machineName(orderId: string): string {
  return `vps-${orderId.replace(/^ord_/, '')}`;
}

function insertServer(order: Order<CreateItem>, secrets: CreateSecrets): Rider<'begun'> {
  const { item } = order;
  return rider`INSERT INTO vps.server (id, account_id, order_id, machine, hostname, label, plan_id, location_id,
    image_id, period_months, lifecycle, ssh_key_ids, ssh_keys, user_data,
      start_after_create, auto_renew, reference, tags, metadata)
    SELECT ${item.server_id}, ${order.accountId}, ${order.id}, ${machineName(order.id)}, ${item.hostname},
      ${item.label}::text, ${item.plan_id}, ${item.location_id}, ${item.image_id},
      ${item.period_months}::int, 'provisioning', ${[...item.ssh_key_ids]}::text[],
      ARRAY(SELECT k.public_key FROM vps.ssh_key k WHERE k.account_id = ${order.accountId}
        AND k.id = ANY (${[...item.ssh_key_ids]}::text[]) ORDER BY k.seq),
          ${secrets.userData === null ? null : new Uint8Array(secrets.userData)}::bytea,
      ${item.start}, ${item.auto_renew}, ${order.reference}::text, ${[...order.tags]}::text[],
        ${order.metadata === null ? null : JSON.stringify(order.metadata)}::jsonb ${fromStep('begun')}`;
}

async function specOf(vps: VpsDeps, order: Order<CreateItem>): Promise<MachineSpec> {
  const { item } = order;
  const data = await findBuildData(vps.db, item.server_id);
  if (data === null) throw new Error(`the server of order ${order.id} is not there`);
  return {
    name: machineName(order.id),
    hostname: item.hostname,
    locationId: item.location_id,
    imageId: item.image_id,
    size: { planId: item.plan_id, vcpu: item.size.vcpu, ramMb: item.size.ram_mb, diskGb: item.size.disk_gb },
    sshKeys: data.sshKeys,
    userData: data.userData,
    start: data.start,
    rootPassword: item.password
      ? await peekSecret(vps.service.db.platform, vps.service.config.SECRET_RING, operationIdOf(order.id))
      : null,
  };
}

function expiryOf(order: Order<CreateItem>, readyAt: Date): Date {
  return addMonths(readyAt, order.item.period_months);
}

function viewSale(
  order: Order<CreateItem>,
  server: Server,
): { server: ServerView; operation_id: string; order: OrderView } {
  return { server: viewServer(server), operation_id: operationIdOf(order.id), order: viewOrder(order) };
}

/** Equal to its row after the order is settled. */
function madeServer(order: Order<CreateItem>, machine: Created): Server {
  const readyAt = order.settledAt ?? order.createdAt;
  return {
    ...orderedServer(order),
    lifecycle: 'active',
    power: machine.power,
    gateway: machine.gateway,
    busy: null,
    readyAt,
    expiresAt: expiryOf(order, readyAt),
    addresses: [...machine.addresses].sort((a, b) => a.version - b.version || (a.ip < b.ip ? -1 : 1)),
  };
}

/** Equal to its row while the server is being made. */
function orderedServer(order: Order<CreateItem>): Server {
  const { item } = order;
  return {
    seq: 0n,
    id: item.server_id,
    accountId: order.accountId,
    orderId: order.id,
    machine: machineName(order.id),
    hostname: item.hostname,
    label: item.label,
    planId: item.plan_id,
    locationId: item.location_id,
    imageId: item.image_id,
    periodMonths: item.period_months,
    lifecycle: 'provisioning',
    power: 'unknown',
    busy: { operationId: operationIdOf(order.id), action: 'create' },
    suspension: null,
    addresses: [],
    gateway: null,
    sshKeyIds: item.ssh_key_ids,
    autoRenew: item.auto_renew,
    protection: false,
    renewing: null,
    deleteAtExpiry: false,
    stretches: [],
    anchorDay: null,
    nextPlanId: null,
    nextPeriodMonths: null,
    nextPlanFrom: null,
    renewPrice: BigInt(item.renew_price),
    reference: order.reference,
    tags: order.tags,
    metadata: order.metadata,
    createdAt: order.createdAt,
    readyAt: null,
    expiresAt: null,
    graceEndsAt: null,
    terminatesAt: null,
    terminatedAt: null,
    syncedAt: null,
    missingSince: null,
  };
}
