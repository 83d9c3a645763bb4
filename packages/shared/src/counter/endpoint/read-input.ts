// Path, query and body of a request, validated with the schemas of its route. `user_id` and `dry_run` are taken out
// first.
import type { Request } from 'express';
import { invalid, type RouteSpec } from '../../ground/contract';
import type { QueryRead } from './read-query';
import { bulkItems, isPlainObject, validateBody, validateParams, validateQuery } from './validate';

export function readInput(
  route: RouteSpec,
  req: Request,
  { values, fault }: QueryRead,
  parsed: unknown,
): { params: unknown; query: unknown; body: unknown; userId: string | undefined; rawItems: readonly unknown[] | null } {
  if (fault !== null) throw fault;
  const query: Record<string, string> = { ...values };
  const dryRun = query['dry_run'];
  if (route.dryRun === true) {
    delete query['dry_run'];
    if (dryRun !== undefined && dryRun !== 'true' && dryRun !== 'false')
      throw invalid('dry_run', 'must be true or false');
  }
  const userId = takeUserId(route, query, parsed);
  const body =
    userId === undefined || !isPlainObject(parsed)
      ? parsed
      : Object.fromEntries(Object.entries(parsed).filter(([name]) => name !== 'user_id'));
  const rawItems = bulkItems(route, body);
  const validQuery = validateQuery(route, query);
  const validBody = route.rawBody === true ? undefined : validateBody(route, body);
  // The path is checked last: an invalid request gets its 422 before a 404.
  const params = validateParams(route, req.params);
  return { params, query: validQuery, body: validBody, userId, rawItems };
}

/**
 * `user_id` may be in the query or in the body; in both, it must be the same. Catalogue routes accept and ignore it.
 */
function takeUserId(route: RouteSpec, query: Record<string, string>, body: unknown): string | undefined {
  if (route.reach === 'none' && route.keepsUserId === true) return undefined;
  const inQuery = query['user_id'];
  const inBody = isPlainObject(body) ? body['user_id'] : undefined;
  delete query['user_id'];
  for (const value of [inQuery, inBody]) {
    if (value !== undefined && (typeof value !== 'string' || value.length === 0 || value.length > 64))
      throw invalid('user_id', 'must be the id of an account');
  }
  if (inQuery !== undefined && inBody !== undefined && inQuery !== inBody)
    throw invalid('user_id', 'differs between query and body');
  return (inQuery ?? inBody) as string | undefined; // checked above
}
