// The list of all steps of a request, in order. This order decides which of two refusals a caller gets; it is part of
// the public contract (docs/contract.md).
import type { Request, Response } from 'express';
import { asksToRenew, requireRenewalScopes } from './auto-renew';
import type { Endpoint, Reply, RequestContext } from './context';
import { readQuery } from './read-query';
import { AccountDirectory, resolveReach } from './resolve-reach';
import { parseBody, type BodyReader } from './read-body';
import type { MountDeps } from './mount-deps';
import { identityOf, queryOf, requestIdOf } from './request-headers';
import { contextOf } from './request-context';
import { checkScope } from './check-scope';
import { readClaim, replay, remember } from './replay';
import { readInput } from './read-input';
import { payMoneyTokens, moneyTokensOf } from './pay-money-tokens';
import { send } from './send';

interface Mounted {
  readonly accounts: AccountDirectory;
  readonly apiDocument: Uint8Array;
  readonly readBody: BodyReader;
}

export async function serve(
  one: Endpoint,
  req: Request,
  res: Response,
  deps: MountDeps,
  { accounts, apiDocument, readBody }: Mounted,
): Promise<void> {
  const { route } = one;
  const principal = deps.verifier.verify(identityOf(req));
  checkScope(route, principal);
  const rawBody = await readBody(req, res); // only for callers that may send one
  const requestId = requestIdOf(req, deps.clock);
  const query = readQuery(queryOf(req)); // its faults are reported together with those of the input
  const dryRun = route.dryRun === true && query.values['dry_run'] === 'true';
  const isMoney = route.class === 'money' && !dryRun;

  // A repeat gets its first answer before any check whose result may have changed since.
  const claiming = { rawBody, principal, requestId, isMoney };
  let claim = isMoney || route.class === 'guarded' ? readClaim(req, claiming) : null;
  if (await replay(claim, res, deps)) return;

  const parsed = parseBody(route, rawBody);
  const renews = asksToRenew(route, parsed); // only the body says this
  if (renews) requireRenewalScopes(principal);
  if (renews && route.class === 'regular') claim = readClaim(req, claiming);
  if (renews && route.class === 'regular' && (await replay(claim, res, deps))) return;

  const { params, query: read, body, userId, rawItems } = readInput(route, req, query, parsed);
  const reach = await resolveReach(route, principal, userId, accounts);
  if (isMoney) {
    const cost = await moneyTokensOf(one, { reach, params, body }, rawItems);
    await payMoneyTokens(cost, principal, res, deps);
  }

  const checked = {
    principal,
    requestId,
    reach,
    params,
    query: read,
    body,
    rawBody,
    claim,
    dryRun,
    apiDocument,
    gone: goneOf(res),
  };
  const handler = one.handler as (context: RequestContext) => Promise<Reply> | Reply; // re-joined with its schemas
  const reply = await handler(contextOf(req, checked));
  // The money step has stored its answer itself.
  send(res, claim === null || isMoney || reply.isRemembered === true ? reply : await remember(deps.db, claim, reply));
}

function goneOf(res: Response): AbortSignal {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  return gone.signal;
}
