// The list of all stages that a request passes, in order. This order alone decides which of two refusals a caller gets.
// It is part of the public contract (docs/contract.md), and pipeline-order.test.ts checks every neighbouring pair. The
// names are those of the files; refusals are counted under them.
import express, { type Express, type Request } from 'express';
import { accessLog } from './pipeline/01-access-log';
import { httpGuard } from './pipeline/02-http-guard';
import { apiSwitch } from './pipeline/03-api-switch';
import { docs } from './pipeline/03-docs';
import { product } from './pipeline/04-product';
import { authenticate } from './pipeline/05-authenticate';
import { route } from './pipeline/06-route';
import { regularLimit } from './pipeline/07-regular-limit';
import { scope } from './pipeline/08-scope';
import { body } from './pipeline/09-body';
import { itemTokens } from './pipeline/09-item-tokens';
import { moneySwitch } from './pipeline/10-money-switch';
import { signature } from './pipeline/11-signature';
import { idempotencyKey } from './pipeline/12-idempotency-key';
import { forward } from './pipeline/13-forward';
import { errors } from './pipeline/99-errors';
import { inOrder } from './pipeline/in-order';
import type { Wiring } from './wiring';

export function createApp(wiring: Wiring): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', false); // queries are forwarded as sent; no stage reads req.query
  // Code that asks Express for the address gets the one of client-ip.ts; Express would compute another, and slowly.
  Object.defineProperty(app.request, 'ip', {
    configurable: true,
    get(this: Request) {
      return this.lumi.clientIp;
    },
  });

  app.use(
    inOrder([
      ['access-log', accessLog(wiring)], // first, so that every answer has an id and a line
      ['http-guard', httpGuard()], // before a stage trusts a header or a path
      ['api-switch', apiSwitch(wiring)], // before the switch, so that /healthz always answers
      ['docs', docs(wiring)], // static pages; no other path is touched
      ['product', product(wiring)],
      ['authenticate', authenticate(wiring)], // before the route: without a key, callers do not learn what exists
      ['route', route(wiring)],
      ['regular-limit', regularLimit(wiring)], // before the body: a refused request must not cost us its upload
      ['scope', scope()],
      ['body', body(wiring)],
      ['item-tokens', itemTokens(wiring)], // before the service does the work
      // The next stages concern money and guarded operations only; they pass all other requests on.
      ['money-switch', moneySwitch(wiring)], // money requests only
      ['signature', signature(wiring)], // over the exact bytes, before any stage parses them
      ['idempotency-key', idempotencyKey()],
      ['forward', forward(wiring)],
    ]),
  );
  app.use(errors(wiring));
  return app;
}
