// Route declarations + handlers → an Express app. For every request, in the frozen order of the contract: identity, then (money
// requests) replay, then JSON and schema, item count, user_id, money tokens, and only then the handler.
import { createHash } from 'node:crypto';
import express, { type Express, type Request, type Response } from 'express';
import { AppError, invalid, newId, notFound, scopeName, usualBodyBytesMax, type Product, type RouteScope, type RouteSpec } from '../contract';
import { sql, type SqlRunner } from '../db';
import { JSON_TYPE, errorStage, requestGuard } from '../http';
import { claimScope, findAnswer, fingerprint, openAnswer, rememberAnswer, type Claim } from '../idempotency';
import { MINUTE_MS, rateLimitPolicyValue, rateLimitValue, type Limit, type LimitResult, type LimitStore } from '../limits';
import { IDENTITY_HEADER, type IdentityVerifier, type Principal } from '../principal';
import { METRICS_TYPE, type Clock, type Log, type SecretRing } from '../runtime';
import { asksToRenew, requireRenewalScopes } from './auto-renew';
import type { Asked, Endpoint, Reach, MoneyTokens, Reply, RequestContext } from './context';
import { parseJsonBody } from './json-body';
import { readQuery, type QueryRead } from './read-query';
import { buildOpenApi, type OpenApiOptions } from './openapi';
import { bulkItems, isPlainObject, validateBody, validateParams, validateQuery } from './validate';

export interface MountDeps {
  readonly product: Product;
  readonly verifier: IdentityVerifier;
  readonly db: SqlRunner;
  readonly moneyLimits: LimitStore;
  /** Opens stored answers that hold a key. */
  readonly secrets: SecretRing;
  readonly clock: Clock;
  readonly log: Log;
  readonly openApi: Omit<OpenApiOptions, 'product'>;
  /** In Prometheus' text format. */
  readonly metrics?: () => Promise<string>;
}

const KEY_SHAPE = /^[\x21-\x7e]{8,200}$/;
const REQUEST_ID_SHAPE = /^req_[0-9a-z]{24}$/;

export function mount(endpoints: readonly Endpoint[], deps: MountDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('case sensitive routing', true);
  app.set('strict routing', true);
  app.set('query parser', false); // read by `readQuery`, once
  // The gateway has the same guard; a service stands on its own all the same.
  const guard = requestGuard();
  app.use((req, res, next) => {
    if (guard(req, res)) next();
  });
  app.get('/healthz', (_req, res) => send(res, { status: 200, body: { status: 'ok', service: deps.product } }));
  app.use((req, _res, next) => next(isReadable(req.path) ? undefined : notFound()));
  const document = buildOpenApi(endpoints.map((one) => one.route), { ...deps.openApi, product: deps.product });
  const documentBytes = Buffer.from(JSON.stringify(document), 'utf8');
  const documentTag = `"${createHash('sha256').update(documentBytes).digest('base64url')}"`;
  const accounts = new AccountDirectory(deps.db);
  app.get('/internal/openapi.json', (req, res) => {
    deps.verifier.verify(identityOf(req));
    // Every gateway asks every few seconds; a document that it has is not sent again.
    res.setHeader('ETag', documentTag);
    if (req.get('if-none-match') === documentTag) res.status(304).end();
    else send(res, { status: 200, bytes: documentBytes });
  });
  const { metrics } = deps;
  // For the monitoring of the installation, which scrapes the service's own port: counts only, of no account. The gateway routes nothing under `/internal`.
  if (metrics !== undefined) app.get('/internal/metrics', async (_req, res) => send(res, { status: 200, bytes: Buffer.from(await metrics(), 'utf8'), contentType: METRICS_TYPE }));
  for (const one of endpoints) {
    const readBody = bodyReader(one.route);
    const path = one.route.path.replace(/\{(\w+)\}/g, ':$1');
    app[verb(one.route.method)](path, (req, res, next) => {
      // The gateway has checked the scope of the operation it names; only that one may run, whichever route Express finds first.
      const named = req.get('x-lumi-operation');
      return named === undefined || named === one.route.id ? serve(one, req, res, deps, { accounts, apiDocument: documentBytes, readBody }) : next('route');
    });
  }
  app.use(() => {
    throw notFound();
  });
  app.use(errorStage(deps.log, (req) => requestIdOf(req, deps.clock)));
  return app;
}

interface Mounted {
  readonly accounts: AccountDirectory;
  readonly apiDocument: Uint8Array;
  readonly readBody: BodyReader;
}

type BodyReader = (req: Request, res: Response) => Promise<Buffer>;

/** Reads no more than the route takes. */
function bodyReader(route: RouteSpec): BodyReader {
  const read = express.raw({ type: () => true, limit: route.bodyBytesMax ?? usualBodyBytesMax(route.bulk !== undefined), inflate: false });
  return (req, res) => new Promise((resolve, reject) => {
    read(req, res, (err?: unknown) => (err === undefined ? resolve(Buffer.isBuffer(req.body) ? req.body : NO_BODY) : reject(err as Error)));
  });
}

const NO_BODY = Buffer.alloc(0);

async function serve(one: Endpoint, req: Request, res: Response, deps: MountDeps, { accounts, apiDocument, readBody }: Mounted): Promise<void> {
  const { route } = one;
  const principal = deps.verifier.verify(identityOf(req));
  checkScope(route, principal);
  const rawBody = await readBody(req, res);
  const requestId = requestIdOf(req, deps.clock);
  const query = readQuery(queryOf(req));
  const dryRun = route.dryRun === true && query.values['dry_run'] === 'true';
  const isMoney = route.class === 'money' && !dryRun;
  let claim = isMoney || route.class === 'guarded' ? readClaim(req, { rawBody, principal, requestId, isMoney }) : null;
  if (await replay(claim, res, deps)) return;
  const parsed = parseBody(route, rawBody);
  const renews = asksToRenew(route, parsed);
  if (renews) requireRenewalScopes(principal);
  if (renews && route.class === 'regular') {
    claim = readClaim(req, { rawBody, principal, requestId, isMoney });
    if (await replay(claim, res, deps)) return;
  }
  const input = readInput(route, req, query, parsed);
  const reach = await resolveReach(route, principal, input.userId, accounts);
  if (isMoney) await payMoneyTokens(await moneyTokensOf(one, { reach, params: input.params, body: input.body }, input.rawItems), principal, res, deps);
  const context: RequestContext = {
    principal, requestId, reach, params: input.params, query: input.query, body: input.body, rawBody, claim, dryRun,
    preferAsync: /(^|,)\s*respond-async\s*(,|;|$)/i.test(req.get('prefer') ?? ''),
    clientIp: req.get('x-lumi-client-ip') ?? null, headers: req.headers, regularRemaining: readRegular(req), apiDocument,
    get accountId() {
      if (reach.kind === 'account') return reach.accountId;
      throw invalid('user_id', 'is required for operator keys');
    },
  };
  const reply = await (one.handler as (context: RequestContext) => Promise<Reply> | Reply)(context);
  send(res, claim === null || isMoney || reply.isRemembered === true ? reply : await remember(deps.db, claim, reply));
}

async function replay(claim: Claim | null, res: Response, deps: MountDeps): Promise<boolean> {
  const found = claim === null ? null : await findAnswer(deps.db, claim);
  const stored = claim === null || found === null ? null : openAnswer(deps.secrets, claim, found);
  if (stored !== null) send(res, { status: stored.status, bytes: stored.body, headers: replayHeaders(stored) });
  return stored !== null;
}

/** A guarded request does the same however often it is carried out, so its answer is kept when it is there. Of two at once the first to end is remembered. */
async function remember(db: SqlRunner, claim: Claim, reply: Reply): Promise<Reply> {
  const bytes = reply.bytes ?? Buffer.from(JSON.stringify(reply.body), 'utf8');
  await rememberAnswer(db, claim, { status: reply.status, body: bytes, location: reply.headers?.['Location'] ?? null });
  return { ...reply, bytes };
}

/** The gateway has checked this; a service that is reached otherwise checks it again, in the same words. */
function checkScope(route: RouteSpec, principal: Principal): void {
  const scopes = [route.scope].flat() as RouteScope[]; // one scope or a list of them
  if (scopes.includes('public')) return;
  if (principal.type === 'public') throw new AppError('invalid_key');
  if (principal.type === 'operator' || scopes.includes('any')) return;
  const names = scopes.map((scope) => scopeName(principal.product, scope));
  if (!names.some((name) => principal.scopes.includes(name))) throw new AppError('forbidden_scope', `Key lacks the required scope ${names.map((name) => `'${name}'`).join(' or ')}.`);
}

/**
 * Signature and header were checked by the gateway, but for what only the body tells; a service that is reached otherwise checks them again, in the same
 * words. Null: a guarded request of a key that does not sign, which need not name one.
 */
function readClaim(req: Request, { rawBody, principal, requestId, isMoney }: { rawBody: Buffer; principal: Principal; requestId: string; isMoney: boolean }): Claim | null {
  if (principal.signature === 'missing') throw new AppError('invalid_signature');
  const key = req.get('idempotency-key');
  if (key === undefined && !isMoney && principal.signature === undefined) return null;
  if (key === undefined || key.trim() === '') throw new AppError('idempotency_key_required');
  if (!KEY_SHAPE.test(key)) throw invalid('Idempotency-Key', 'must be 8-200 printable ASCII characters without spaces');
  return {
    scope: claimScope(principal), product: principal.product, key, requestId, keyId: principal.keyId,
    fingerprint: fingerprint({ method: req.method, url: req.originalUrl, body: rawBody }),
  };
}

function parseBody(route: RouteSpec, rawBody: Buffer): unknown {
  return route.rawBody === true || rawBody.length === 0 ? undefined : parseJsonBody(rawBody);
}

function readInput(route: RouteSpec, req: Request, { values, fault }: QueryRead, parsed: unknown): { params: unknown; query: unknown; body: unknown; userId: string | undefined; rawItems: readonly unknown[] | null } {
  if (fault !== null) throw fault;
  const query: Record<string, string> = { ...values };
  const dryRun = query['dry_run'];
  if (route.dryRun === true) {
    delete query['dry_run'];
    if (dryRun !== undefined && dryRun !== 'true' && dryRun !== 'false') throw invalid('dry_run', 'must be true or false');
  }
  const userId = takeUserId(route, query, parsed);
  const body = userId === undefined || !isPlainObject(parsed) ? parsed : Object.fromEntries(Object.entries(parsed).filter(([name]) => name !== 'user_id'));
  const rawItems = bulkItems(route, body);
  const validQuery = validateQuery(route, query);
  const validBody = route.rawBody === true ? undefined : validateBody(route, body);
  // The path is looked at last: an object that does not exist is no news to somebody whose request is not even valid.
  const params = validateParams(route, req.params);
  return { params, query: validQuery, body: validBody, userId, rawItems };
}

/** `user_id` may stand in the query or in the body; in both, it must be the same. Catalogue routes take it too and ignore whose it is. */
function takeUserId(route: RouteSpec, query: Record<string, string>, body: unknown): string | undefined {
  if (route.reach === 'none' && route.keepsUserId === true) return undefined;
  const inQuery = query['user_id'];
  const inBody = isPlainObject(body) ? body['user_id'] : undefined;
  delete query['user_id'];
  for (const value of [inQuery, inBody]) {
    if (value !== undefined && (typeof value !== 'string' || value.length === 0 || value.length > 64)) throw invalid('user_id', 'must be the id of an account');
  }
  if (inQuery !== undefined && inBody !== undefined && inQuery !== inBody) throw invalid('user_id', 'differs between query and body');
  return (inQuery ?? inBody) as string | undefined; // checked above
}

async function resolveReach(route: RouteSpec, principal: Principal, userId: string | undefined, accounts: AccountDirectory): Promise<Reach> {
  if (principal.type === 'public') return { kind: 'all' };
  if (principal.type === 'reseller') {
    const own = principal.accountId;
    if (own === null || (userId !== undefined && userId !== own)) throw notFound();
    return { kind: 'account', accountId: own };
  }
  if (userId !== undefined) {
    if (!(await accounts.has(userId))) throw notFound();
    return { kind: 'account', accountId: userId };
  }
  if (route.class === 'money' && route.reach === 'account') throw invalid('user_id', 'is required for operator keys');
  return { kind: 'all' };
}

async function moneyTokensOf({ route, moneyTokens }: Endpoint, asked: Asked<unknown, unknown>, items: readonly unknown[] | null): Promise<number> {
  const cost = moneyTokens === undefined ? (route.bulk === undefined ? 1 : (items?.length ?? 1)) : await (moneyTokens as MoneyTokens<unknown, unknown>)(asked); // by the same schemas
  return Math.max(1, cost);
}

async function payMoneyTokens(cost: number, principal: Principal, res: Response, deps: MountDeps): Promise<void> {
  const limit = { tokens: principal.moneyPerMinute, periodMs: MINUTE_MS };
  const result = await takeOrFailClosed(deps, `money:${principal.lineageId}`, cost, limit);
  res.setHeader('RateLimit-Policy', rateLimitPolicyValue('money', limit));
  res.setHeader('RateLimit', rateLimitValue('money', result));
  if (!result.allowed) throw new AppError('rate_limited', undefined, { retryAfterS: result.retryAfterS });
}

/** Money does not go on without its limit: where the shared counters are away the request is refused, not waved through. */
async function takeOrFailClosed(deps: MountDeps, key: string, cost: number, limit: Limit): Promise<LimitResult> {
  try {
    return await deps.moneyLimits.take(key, cost, limit);
  } catch (cause) {
    throw new AppError('service_unavailable', undefined, { retryAfterS: 2, cause });
  }
}

function replayHeaders(stored: { location: string | null; requestId: string; status: number }): Record<string, string> {
  return {
    'Idempotent-Replayed': 'true',
    ...(stored.location === null ? {} : { Location: stored.location }),
    // An error body names the request it belongs to; header and body must agree.
    ...(stored.status >= 400 ? { 'X-Request-Id': stored.requestId } : {}),
  };
}

function send(res: Response, reply: Reply): void {
  const bytes = reply.bytes ?? Buffer.from(JSON.stringify(reply.body), 'utf8');
  res.statusCode = reply.status;
  res.setHeader('Content-Type', reply.contentType ?? JSON_TYPE);
  res.setHeader('Content-Length', bytes.length);
  if (reply.headers !== undefined) for (const [name, value] of Object.entries(reply.headers)) res.setHeader(name, value);
  res.end(bytes);
}

/** A path with half an escape, bytes that are no text or a control character is the path of nothing. */
function isReadable(path: string): boolean {
  try {
    return !/\p{Cc}/u.test(decodeURIComponent(path));
  } catch {
    return false;
  }
}

/** As it was sent. */
function queryOf({ url }: Request): string {
  const cut = url.indexOf('?');
  return cut === -1 ? '' : url.slice(cut + 1);
}

function identityOf(req: Request): string | undefined {
  return req.get(IDENTITY_HEADER);
}

function requestIdOf(req: Request, clock: Clock): string {
  const given = req.get('x-request-id');
  if (given !== undefined && REQUEST_ID_SHAPE.test(given)) return given;
  const made = newId('req', clock.nowMs());
  req.headers['x-request-id'] = made;
  return made;
}

function readRegular(req: Request): RequestContext['regularRemaining'] {
  const match = /^(\d+);(\d+)$/.exec(req.get('x-lumi-regular') ?? '');
  return match === null ? null : { remaining: Number(match[1]), resetS: Number(match[2]) };
}

function verb(method: RouteSpec['method']): 'get' | 'post' | 'put' | 'patch' | 'delete' {
  return method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete'; // a bijection on the five methods
}

/** Which accounts exist. Accounts are never deleted, so a found one is remembered. */
class AccountDirectory {
  private readonly known = new Set<string>();
  private static readonly MAX = 100_000;

  constructor(private readonly db: SqlRunner) {}

  async has(id: string): Promise<boolean> {
    if (this.known.has(id)) return true;
    const rows = await this.db.$queryRaw<unknown[]>(sql`SELECT 1 FROM platform.account WHERE id = ${id}`);
    if (rows.length === 0) return false;
    if (this.known.size >= AccountDirectory.MAX) this.known.clear();
    this.known.add(id);
    return true;
  }
}
