// The fields that a customer may change on one or many proxies, and which proxies can be changed.
import { z } from 'zod';
import { actorOf, autoRenewAct, noted, type Asking } from '@lumi/shared/audit-log';
import { AppError } from '@lumi/shared/contract';
import { autoRenewField, metadataField, referenceField, tagsField } from '@lumi/shared/purchase';
import { changeProxies, type ProxyChange } from '../store/proxies';
import { stateOf, type ProxyRow } from '../store/proxy-row';
import type { ProxyDeps } from '../deps';
import { labelField } from './fields';

export const changeFields = {
  label: labelField.nullable().optional(),
  tags: tagsField,
  reference: referenceField.nullable(),
  metadata: metadataField.nullable(),
  auto_renew: autoRenewField,
  protocol: z.enum(['http', 'socks5']).optional(),
};

/** Switching auto_renew on is written to the audit log with its actor. */
export function changeAs(
  { service: { db, clock } }: ProxyDeps,
  asking: Asking,
  rows: readonly ProxyRow[],
  change: ProxyChange,
): Promise<ProxyRow[]> {
  const ids = rows.map(({ id }) => id);
  if (change.auto_renew !== true) return changeProxies(db.platform, ids, change, clock.now());
  const before = new Map(rows.map((row) => [row.id, row.auto_renew]));
  return noted(
    db,
    actorOf(asking),
    (tx) => changeProxies(tx, ids, change, clock.now()),
    (changed) => changed.map((row) => autoRenewAct(row.id, row.account_id, before.get(row.id) === true)),
  );
}

/** Throws 409 for a proxy that has ended. */
export function assertChangeable(row: ProxyRow, now: Date): void {
  const error = notChangeable(row, now);
  if (error !== null) throw error;
}

export function notChangeable(row: ProxyRow, now: Date): AppError | null {
  const state = stateOf(row, now);
  if (state === 'replaced') return new AppError('state_conflict', 'The proxy was replaced.');
  return state === 'expired' ? new AppError('state_conflict', 'The proxy has expired.') : null;
}
