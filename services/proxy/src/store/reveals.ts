// Showing passwords in clear: for keys with write scope, on every route, and recorded. The record is written before the
// answer is sent, so no password is shown without a record.
import type { RequestContext } from '@lumi/shared/endpoint';
import { requireScope } from '@lumi/shared/principal';
import type { ProxyDeps } from '../deps';

export async function recordReveal(
  deps: ProxyDeps,
  context: Pick<RequestContext, 'principal' | 'requestId' | 'reach'>,
  route: string,
  subjects: readonly string[],
): Promise<void> {
  requireScope(context.principal, 'write');
  await record(deps, {
    account_id: context.reach.kind === 'account' ? context.reach.accountId : null,
    key_id: context.principal.keyId,
    request_id: context.requestId,
    route,
    subjects,
  });
}

/** Passwords that a link to a list shows without a key: the record has the link's id as its key. */
export async function recordLinkRead(
  deps: ProxyDeps,
  { requestId }: Pick<RequestContext, 'requestId'>,
  link: { readonly id: string; readonly account_id: string },
  subjects: readonly string[],
): Promise<void> {
  const { id, account_id } = link;
  await record(deps, { account_id, key_id: id, request_id: requestId, route: 'read-export-link', subjects });
}

async function record(
  deps: ProxyDeps,
  reveal: {
    readonly account_id: string | null;
    readonly key_id: string;
    readonly request_id: string;
    readonly route: string;
    readonly subjects: readonly string[];
  },
): Promise<void> {
  if (reveal.subjects.length === 0) return;
  await deps.db.reveal.createMany({
    data: { ...reveal, subjects: [...reveal.subjects], at: deps.service.clock.now() },
  });
}
