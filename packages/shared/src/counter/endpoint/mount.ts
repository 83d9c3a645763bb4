// Makes an Express app from route declarations and handlers: the guard, the service's own pages, every route, and the
// one place where errors become answers.
import { createHash } from 'node:crypto';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { notFound, type RouteSpec } from '../../ground/contract';
import { errorStage, requestGuard, toAppError } from '../../base/http';
import { joinTrace, within, type Span } from '../../base/tracing';
import type { Endpoint } from './context';
import { mountInternal } from './internal-route';
import { buildOpenApi } from './openapi';
import type { MountDeps } from './mount-deps';
import { note, noteRequest, type Noted } from './noted';
import { send } from './send';
import { AccountDirectory } from './resolve-reach';
import { identityOf, requestIdOf } from './request-headers';
import { bodyReader } from './read-body';
import { serve } from './serve';

export function mount(endpoints: readonly Endpoint[], deps: MountDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.set('query parser', false); // read by `readQuery`, once
  app.use((req, res, next) => {
    const begin = performance.now();
    const span = joinTrace(req.get('traceparent'), 'serve', { 'lumi.product': deps.product });
    res.once('close', () => {
      const { operation, code } = res.locals as Noted;
      if (span !== null) endSpan(span, req.get('x-request-id'), res.statusCode, res.locals as Noted);
      noteRequest({
        product: deps.product,
        operation: operation ?? '',
        status: res.writableFinished ? res.statusCode : 499,
        code: code ?? '',
        seconds: (performance.now() - begin) / 1_000,
      });
    });
    within(span, next);
  });
  // The gateway has the same guard; a service protects itself nevertheless.
  const guard = requestGuard();
  app.use((req, res, next) => {
    if (guard(req, res)) next();
  });
  app.get('/healthz', (_req, res) => send(res, { status: 200, body: { status: 'ok', service: deps.product } }));
  app.get('/readyz', async (_req, res) => send(res, await deps.readiness.answer()));
  app.use((req, _res, next) => next(isReadable(req.path) ? undefined : notFound()));
  const document = buildOpenApi(
    endpoints.map((one) => one.route),
    { ...deps.openApi, product: deps.product },
  );
  const documentBytes = Buffer.from(JSON.stringify(document), 'utf8');
  const documentTag = `"${createHash('sha256').update(documentBytes).digest('base64url')}"`;
  const accounts = new AccountDirectory(deps.db);
  app.get('/internal/openapi.json', (req, res) => {
    deps.verifier.verify(identityOf(req));
    // Every gateway asks every few seconds; a document that it already has is not sent again.
    res.setHeader('ETag', documentTag);
    if (req.get('if-none-match') === documentTag) res.status(304).end();
    else send(res, { status: 200, bytes: documentBytes });
  });
  mountInternal(app, deps.internal ?? []);
  for (const one of endpoints) {
    const readBody = bodyReader(one.route);
    const path = one.route.path.replace(/\{(\w+)\}/g, ':$1');
    app[verb(one.route.method)](path, (req, res, next) => {
      // The gateway has checked the scope of the operation it names. Only that operation may run, whichever route
      // Express finds first.
      const named = req.get('x-lumi-operation');
      if (named !== undefined && named !== one.route.id) {
        next('route');
        return undefined;
      }
      note(res, { operation: one.route.id });
      return serve(one, req, res, deps, { accounts, apiDocument: documentBytes, readBody });
    });
  }
  app.use(() => {
    throw notFound();
  });
  app.use(((err, _req, res, next) => {
    note(res, { code: toAppError(err).code });
    next(err);
  }) satisfies ErrorRequestHandler);
  app.use(errorStage(deps.log, (req) => requestIdOf(req, deps.clock)));
  return app;
}

function endSpan(span: Span, requestId: string | undefined, status: number, { operation, code }: Noted): void {
  span.set({
    'http.response.status_code': status,
    ...(requestId === undefined ? {} : { 'lumi.request_id': requestId }),
    ...(operation === undefined ? {} : { 'lumi.operation': operation }),
    ...(code === undefined ? {} : { 'lumi.error_code': code }),
  });
  if (status >= 500) span.fail(code ?? 'unknown');
  span.end();
}

/** A path with half an escape, with bytes that are no text or with a control character matches nothing. */
function isReadable(path: string): boolean {
  try {
    return !/\p{Cc}/u.test(decodeURIComponent(path));
  } catch {
    return false;
  }
}

function verb(method: RouteSpec['method']): 'get' | 'post' | 'put' | 'patch' | 'delete' {
  return method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete'; // a bijection on the five methods
}
