// The key must hold one of the operation's scopes; operators hold all. 403 forbidden_scope.
import type { RequestHandler } from 'express';
import { AppError } from '@lumi/shared/contract';

export function scope(): RequestHandler {
  return (req, _res, next) => {
    const { operation, key } = req.lumi;
    if (operation !== null && key !== null && !operation.isForAnyKey) {
      if (!operation.scopes.some((name) => key.scopes.has(name))) {
        throw new AppError(
          'forbidden_scope',
          `Key lacks the required scope ${operation.scopes.map((name) => `'${name}'`).join(' or ')}.`,
        );
      }
    }
    next();
  };
}
