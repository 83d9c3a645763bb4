// When two requests both found the server idle, the database lets one of them start. The other is refused as busy, with
// the id of the operation that runs.
import { AppError } from '@lumi/shared/contract';
import { busyWith } from '@lumi/shared/operations';
import { findServer, type Server } from '../store/servers';
import type { VpsDeps } from '../deps';

export async function namingTheOther<T>(vps: VpsDeps, server: Server, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (err) {
    if (!(err instanceof AppError) || err.code !== 'busy' || err.details !== undefined) throw err;
    const now = await findServer(vps.service.db.platform, { kind: 'account', accountId: server.accountId }, server.id);
    throw busyWith(now?.busy?.operationId ?? null);
  }
}
