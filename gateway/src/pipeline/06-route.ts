// Sets `operation` by method and path from the product's OpenAPI document, and `isMoney`; 404, 405. 503 when no
// document was loaded yet.
import type { RequestHandler } from 'express';
import { AppError, assertNever, notFound } from '@lumi/shared/contract';
import type { Operation } from '../routes/operation';

export function route(_deps: object): RequestHandler {
  return (req, _res, next) => {
    const record = req.lumi;
    const match = record.match;
    if (match === null) throw notFound();
    switch (match.kind) {
      case 'operation':
        record.operation = match.operation;
        record.isMoney = match.operation.isMoney && !isDryRun(match.operation, record.query);
        next();
        return;
      case 'other-method':
        throw new AppError('method_not_allowed', undefined, { allow: match.allow });
      case 'unknown':
        throw notFound();
      case 'away':
        throw new AppError('service_unavailable', undefined, { retryAfterS: 2 });
      default:
        assertNever(match);
    }
  };
}

/**
 * A dry run is not a money request, so every reader of the query must see it in the same way: exactly one parameter
 * whose name begins with `dry_run`, and it is `dry_run=true`.
 */
export function isDryRun(operation: Operation, query: string): boolean {
  if (!operation.hasDryRun || query === '') return false;
  const named = [...new URLSearchParams(query)].filter(([name]) => name.trim().toLowerCase().startsWith('dry_run'));
  return named.length === 1 && named[0]?.[0] === 'dry_run' && named[0][1] === 'true';
}
