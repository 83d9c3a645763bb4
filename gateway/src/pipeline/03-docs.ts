// The documentation site: `/docs`, and `docs` under each base path, with the files they load, and the OpenAPI
// documents, which the gateway has anyway. They need no key, and are answered before the API's own stages. Every other
// path goes on to the next stage.
import type { Request, RequestHandler, Response } from 'express';
import { addressBucket } from '@lumi/shared/addresses';
import { AppError, BASE_PATHS, PRODUCTS, type Product } from '@lumi/shared/contract';
import { JSON_TYPE, hostName } from '@lumi/shared/http';
import {
  MINUTE_MS,
  countDecisions,
  rateLimitPolicyValue,
  rateLimitValue,
  type MemoryLimitStore,
} from '@lumi/shared/limits';
import { Asset, bestEncoding, type Encoding } from '../docs/asset';
import { Site } from '../docs/site';
import type { RouteTable } from '../routes/route-table';

export interface DocsDeps {
  readonly routes: RouteTable;
  readonly hostBindings: ReadonlyMap<Product, ReadonlySet<string>>;
  readonly addressLimits: MemoryLimitStore;
  readonly publicPerMinute: number;
}

/** All other paths go on at once. */
const MAYBE_PAGE = /^(?:\/(?:hosting\/|proxy\/)?api\/v1)?\/(?:docs(?:[./].*)?|openapi\.json)$/;
const decisions = countDecisions('public');

const SECURITY = {
  // No inline code and no other origin. The pictures are inside the style sheet.
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri " +
    "'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
} as const;

export function docs({ routes, hostBindings, addressLimits, publicPerMinute }: DocsDeps): RequestHandler {
  const answersOn = (product: Product, host: string): boolean => hostBindings.get(product)?.has(host) ?? true;
  const site = new Site({
    documentOf: (product) => routes.documentOf(product),
    hostOf: (product) => [...(hostBindings.get(product) ?? [])][0],
  });
  const documents = new Map<Product, { text: string; asset: Asset }>();
  /** Compressed once, whenever the document changes. Null: the service was never reached; it answers itself, or 503. */
  const documentOf = (product: Product): Asset | null => {
    const text = routes.documentOf(product);
    const known = documents.get(product);
    if (known?.text === text) return known.asset;
    if (text === '') return null;
    const asset = new Asset(JSON_TYPE, Buffer.from(text, 'utf8'), 'public, max-age=60');
    documents.set(product, { text, asset });
    return asset;
  };
  /** Null: no page, or not on this host. */
  const find = (path: string, host: string): Asset | null => {
    const product = PRODUCTS.find((one) => path.startsWith(`${BASE_PATHS[one]}/`));
    if (!(product === undefined ? PRODUCTS : [product]).some((one) => answersOn(one, host))) return null;
    if (product !== undefined && path === `${BASE_PATHS[product]}/openapi.json`) return documentOf(product);
    return site.find(path);
  };
  const limit = { tokens: publicPerMinute, periodMs: MINUTE_MS };
  return (req, res, next) => {
    const record = req.lumi;
    const isRead = req.method === 'GET' || req.method === 'HEAD';
    if (record.path === '/' && isRead && prefersHtml(req.get('accept'))) {
      res.writeHead(302, { ...SECURITY, Location: '/docs', 'X-Request-Id': record.id, 'Content-Length': 0 });
      res.end();
      return;
    }
    const asset = MAYBE_PAGE.test(record.path) ? find(record.path, hostName(req.headers.host)) : null;
    // The document is an operation like others: what it refuses, the stages of the API refuse.
    if (asset === null || (record.path.endsWith('/openapi.json') && (!isRead || record.query !== ''))) {
      next();
      return;
    }
    if (!isRead) throw new AppError('method_not_allowed', undefined, { allow: ['GET', 'HEAD'] });
    const taken = decisions.decided(addressLimits.takeNow(addressBucket(record.clientIp), 1, limit));
    record.rateLimit = rateLimitValue('public', taken);
    record.ratePolicy = rateLimitPolicyValue('public', limit);
    if (!taken.allowed) throw new AppError('rate_limited', undefined, { retryAfterS: taken.retryAfterS });
    send(req, res, asset).catch(next);
  };
}

/** What a browser sends when a person opens an address; programs say `*\/*`, JSON, or nothing. */
function prefersHtml(accept: string | undefined): boolean {
  return (accept ?? '').toLowerCase().includes('text/html');
}

async function send(req: Request, res: Response, asset: Asset): Promise<void> {
  const encoding: Encoding = asset.isCompressible ? bestEncoding(req.get('accept-encoding')) : 'identity';
  const etag = asset.etag(encoding);
  const isNamed = req.lumi.query === `v=${asset.version}`;
  const headers = {
    ...SECURITY,
    'X-Request-Id': req.lumi.id,
    RateLimit: req.lumi.rateLimit,
    'RateLimit-Policy': req.lumi.ratePolicy,
    ETag: etag,
    Vary: 'Accept-Encoding',
    'Cache-Control': isNamed ? 'public, max-age=31536000, immutable' : asset.cacheControl,
  };
  if (isSame(req.get('if-none-match'), etag)) {
    res.writeHead(304, headers);
    res.end();
    return;
  }
  const bytes = await asset.as(encoding);
  res.writeHead(200, {
    ...headers,
    'Content-Type': asset.type,
    'Content-Length': bytes.length,
    ...(encoding === 'identity' ? {} : { 'Content-Encoding': encoding }),
  });
  res.end(req.method === 'HEAD' ? undefined : bytes);
}

function isSame(noneMatch: string | undefined, etag: string): boolean {
  if (noneMatch === undefined) return false;
  return noneMatch.trim() === '*' || noneMatch.split(',').some((one) => one.trim().replace(/^W\//, '') === etag);
}
