// /api/{method}: token check, parameters from wherever they come, one method, the {ok,result} envelope.

import { createHash, timingSafeEqual } from 'node:crypto';

import { json, Router, urlencoded, type NextFunction, type Request, type Response } from 'express';

import { ApiError } from './api-error';
import { spend } from './faults';
import type { Method, MethodContext } from './methods/context';
import { createInvoice } from './methods/create-invoice';
import { deleteInvoice } from './methods/delete-invoice';
import { getBalance } from './methods/get-balance';
import { getCurrencies } from './methods/get-currencies';
import { getExchangeRates } from './methods/get-exchange-rates';
import { getInvoices } from './methods/get-invoices';
import { getMe } from './methods/get-me';
import type { Params } from './params';

const METHODS = new Map<string, Method>(
  Object.entries({ getMe, createInvoice, getInvoices, deleteInvoice, getBalance, getExchangeRates, getCurrencies }),
);

export function apiRouter(context: MethodContext, token: string): Router {
  const router = Router();
  router.use(requireToken(token), json({ limit: '64kb' }), urlencoded({ extended: false, limit: '64kb' }));
  router.all('/:method', async (req, res) => {
    const name = req.params.method;
    const method = METHODS.get(name);
    if (method === undefined || (req.method !== 'GET' && req.method !== 'POST'))
      throw new ApiError(405, 'METHOD_NOT_FOUND');
    if (spend(context.faults, 'callsFail')) throw new ApiError(500, 'APP_ERROR');
    const isCreate = method === createInvoice;
    if (isCreate && spend(context.faults, 'createHangsBefore')) return;
    const result = await method(context, readParams(req));
    if (isCreate && spend(context.faults, 'createHangsAfterSuccess')) return;
    if (isCreate && spend(context.faults, 'createFailsAfterSuccess')) throw new ApiError(500, 'APP_ERROR');
    res.json({ ok: true, result });
  });
  router.use(() => {
    throw new ApiError(405, 'METHOD_NOT_FOUND');
  });
  return router;
}

/** Express knows an error handler by its four parameters. */
export function sendError(err: unknown, _req: Request, res: Response, next: NextFunction): void {
  if (res.headersSent) {
    next(err);
    return;
  }
  const { status, name } = asRefusal(err);
  res.status(status).json({ ok: false, error: { code: status, name } });
}

export function requireToken(token: string): (req: Request, res: Response, next: NextFunction) => void {
  const expected = createHash('sha256').update(token).digest();
  return (req, _res, next) => {
    const given = createHash('sha256')
      .update(req.get('crypto-pay-api-token') ?? '')
      .digest();
    if (!timingSafeEqual(given, expected)) throw new ApiError(401, 'UNAUTHORIZED');
    next();
  };
}

function readParams(req: Request): Params {
  const body: unknown = req.body;
  return { ...req.query, ...(typeof body === 'object' && body !== null && !Array.isArray(body) ? body : {}) };
}

function asRefusal(err: unknown): { status: number; name: string } {
  if (err instanceof ApiError) return { status: err.status, name: err.errorName };
  const status =
    typeof err === 'object' && err !== null && 'status' in err && typeof err.status === 'number' ? err.status : 500;
  if (status < 500) return { status, name: 'BAD_REQUEST' };
  process.stderr.write(`crypto-pay-double: ${err instanceof Error ? (err.stack ?? err.message) : String(err)}\n`);
  return { status: 500, name: 'APP_ERROR' };
}
