// Signs the principal, calls the service once and returns its answer unchanged. The request to the service is built
// from an allow-list, so a client cannot send anything that the service takes for an identity.
import type { IncomingHttpHeaders } from 'node:http';
import type { RequestHandler } from 'express';
import { addressBucket } from '@lumi/shared/addresses';
import { BASE_PATHS, PRODUCTS, notFound, type Product } from '@lumi/shared/contract';
import { IDENTITY_HEADER, publicPrincipal, type IdentitySigner } from '@lumi/shared/principal';
import type { RequestRecord } from '../request-record';
import { Exchange } from '../upstream/exchange';
import type { Place } from '../upstream/fair-queue';
import type { Line, ServiceClient } from '../upstream/service-client';

/** The body size of a route without a bulk: it takes one place of its key. */
const PIECE_BYTES = 64 * 1024;
/** A long poll. */
const HELD_BACK = /(?:^|&)wait=(?!0(?:&|$))/;
const PASSED_ON = [
  'content-type',
  'accept',
  'accept-language',
  'user-agent',
  'prefer',
  'if-none-match',
  'if-match',
] as const;

export interface ForwardDeps {
  readonly signer: IdentitySigner;
  readonly services: Readonly<Record<Product, ServiceClient>>;
  /** Headers that the handler of a public route needs, such as a payment provider's signature. */
  readonly publicHeaders: readonly string[];
}

export function forward({ signer, services, publicHeaders }: ForwardDeps): RequestHandler {
  const publicPrincipals = new Map(PRODUCTS.map((product) => [product, publicPrincipal(product)]));
  const identityOf = (record: RequestRecord, product: Product): string => {
    const { key } = record;
    if (key !== null)
      return record.isSigned
        ? signer.sign(key.signedPrincipal, `${key.principalName}:signed`)
        : signer.sign(key.principal, key.principalName);
    return signer.sign(publicPrincipals.get(product) ?? publicPrincipal(product), `public:${product}`);
  };
  return (req, res, next) => {
    const record = req.lumi;
    const { operation, product, key } = record;
    if (operation === null || product === null) throw notFound();
    const service = services[product];
    const line: Line = operation.method === 'GET' && HELD_BACK.test(record.query) ? 'held-back' : 'usual';
    const queue = service.queues[line];
    // A key's lineage, so that rolling the key gives no second share. Without a key: the address.
    const name = key?.limitBucket ?? addressBucket(record.clientIp);
    const place: Place = {
      weight: Math.ceil(record.body.length / PIECE_BYTES),
      start: () => {
        try {
          service.enter();
        } catch (err) {
          queue.leave(name, place);
          next(err);
          return;
        }
        // Signed when it leaves, because it may have waited in the queue.
        const headers = requestHeaders(
          req.headers,
          record,
          identityOf(record, product),
          key === null ? publicHeaders : [],
        );
        new Exchange({
          req,
          res,
          record,
          operation,
          service,
          line,
          // The pool writes Content-Length from the buffer: the exact bytes received, never chunked.
          request: {
            path: req.url.slice(BASE_PATHS[product].length),
            method: operation.method as 'GET',
            headers,
            body:
              operation.method === 'GET' || (operation.method === 'DELETE' && record.body.length === 0)
                ? null
                : record.body,
          },
          fail: next,
          done: () => queue.leave(name, place),
        }).start();
      },
      refuse: (refusal) => {
        record.exchange = null;
        next(refusal);
      },
    };
    record.exchange = { abandon: () => queue.forget(name, place) };
    queue.enter(name, place);
  };
}

function requestHeaders(
  sent: IncomingHttpHeaders,
  record: RequestRecord,
  identity: string,
  extra: readonly string[],
): string[] {
  const headers = [
    IDENTITY_HEADER,
    identity,
    'x-request-id',
    record.id,
    'x-lumi-client-ip',
    record.clientIp,
    'x-lumi-operation',
    record.operation?.id ?? '',
    'x-lumi-regular',
    regularState(record),
  ];
  if (record.span !== null) headers.push('traceparent', record.span.traceparent);
  for (const name of PASSED_ON) {
    const value = sent[name];
    if (typeof value === 'string') headers.push(name, value);
  }
  for (const name of extra) {
    const value = sent[name];
    if (typeof value === 'string') headers.push(name, value);
  }
  const idempotencyKey = record.idempotencyKey === '' ? sent['idempotency-key'] : record.idempotencyKey;
  if (typeof idempotencyKey === 'string') headers.push('idempotency-key', idempotencyKey);
  return headers;
}

/** `remaining;reset`, for `/me`: the service does not count regular requests itself. */
function regularState(record: RequestRecord): string {
  const match = /;r=(\d+);t=(\d+)$/.exec(record.rateLimit);
  return match === null ? '' : `${match[1] ?? ''};${match[2] ?? ''}`;
}
