// The reference pages: `/docs`, and `docs` under each base path, with the files they load, and the OpenAPI documents,
// which the gateway has anyway. They need no key, and are answered before the API's own stages. Every other path goes
// on to the next stage.
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
import { pageAssets, referencePage } from '../docs/reference-page';
import type { RouteTable } from '../routes/route-table';

export interface DocsDeps {
  readonly routes: RouteTable;
  readonly hostBindings: ReadonlyMap<Product, ReadonlySet<string>>;
  readonly addressLimits: MemoryLimitStore;
  readonly publicPerMinute: number;
}

const DOCUMENT = 'openapi.json';
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
  const assets = pageAssets();
  const answersOn = (product: Product, host: string): boolean => hostBindings.get(product)?.has(host) ?? true;
  const pages = new Map<string, Asset>();
  const pageOf = (product: Product, host: string): Asset => {
    // A caller must not be able to add host names: the bindings bound what is cached.
    const addresses = Object.fromEntries(
      PRODUCTS.map((one) => [one, addressOf(one, answersOn(one, host) ? undefined : hostBindings.get(one))]),
    ) as Record<Product, string>; // one entry for each
    const key = `${product} ${Object.values(addresses).join(' ')}`;
    const page = pages.get(key) ?? referencePage(product, addresses, assets);
    pages.set(key, page);
    return page;
  };
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
  /** Null: not a reference page, or not on this host. */
  const find = ({ product, name }: Place, host: string): Asset | null => {
    const shown = product ?? PRODUCTS.find((one) => answersOn(one, host));
    if (shown === undefined || !answersOn(shown, host)) return null;
    if (name === DOCUMENT) return documentOf(shown);
    return name === '' ? pageOf(shown, host) : (assets.get(name) ?? null);
  };
  const places = new Map<string, Place>();
  for (const product of [null, ...PRODUCTS]) {
    const base = product === null ? '' : BASE_PATHS[product];
    for (const name of ['', ...assets.keys()])
      places.set(name === '' ? `${base}/docs` : `${base}/docs/${name}`, { product, name });
    if (product !== null) places.set(`${base}/${DOCUMENT}`, { product, name: DOCUMENT });
  }
  const limit = { tokens: publicPerMinute, periodMs: MINUTE_MS };
  return (req, res, next) => {
    const record = req.lumi;
    const place = places.get(record.path);
    const asset = place === undefined ? null : find(place, hostName(req.headers.host));
    // An operation like others: what it refuses, the stages of the API refuse.
    const isRead = req.method === 'GET' || req.method === 'HEAD';
    if (asset === null || (place?.name === DOCUMENT && (!isRead || record.query !== ''))) {
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

interface Place {
  readonly product: Product | null;
  /** Empty: the page itself. */
  readonly name: string;
}

function addressOf(product: Product, hosts: ReadonlySet<string> | undefined): string {
  const [host] = hosts ?? [];
  return `${host === undefined ? '' : `//${host}`}${BASE_PATHS[product]}/docs`;
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
