// THE LIST: every stage a request passes, in order. Which of two refusals a caller sees is decided here and nowhere
// else; the order is part of the public contract (docs/contract.md) and pipeline-order.test.ts holds every neighbouring
// pair to it.
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
  app.set('query parser', false); // queries are forwarded as sent; nobody here reads req.query
  // Whoever asks Express for the address gets ours; its own way of finding it is not the one of client-ip.ts, and slow.
  Object.defineProperty(app.request, 'ip', {
    configurable: true,
    get(this: Request) {
      return this.lumi.clientIp;
    },
  });

  app.use(
    inOrder([
      accessLog(wiring), // first, so that every answer has an id and a line
      httpGuard(), // before anything trusts a header or a path
      apiSwitch(wiring), // /healthz stands above the switch
      docs(wiring), // static pages; no other path is touched
      product(wiring),
      authenticate(wiring), // before the route: strangers do not learn which routes exist
      route(wiring),
      regularLimit(wiring), // before the body: a refused request must not cost us its upload
      scope(),
      body(wiring),
      itemTokens(wiring), // before the service does the work
      // Money and guarded operations only, from here on; each stage lets the others pass.
      moneySwitch(wiring), // money alone
      signature(wiring), // over the exact bytes, before anything interprets them
      idempotencyKey(),
      forward(wiring),
    ]),
  );
  app.use(errors(wiring));
  return app;
}
