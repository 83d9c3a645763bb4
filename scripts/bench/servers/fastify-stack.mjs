// A usual alternative: Fastify, its rate limit and its proxy, with the same checks as the gateway's read path: bearer →
// HMAC digest → known key → scope → limit per key → forward with a signed identity that is cached per key.
import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ready, setting } from './child.mjs';

const load = createRequire(join(setting('ROOT'), 'package.json'));
/** @type {typeof import('fastify').fastify} */
const fastify = load('fastify');
/** @type {typeof import('@fastify/rate-limit').default} */
const rateLimit = load('@fastify/rate-limit');
/** @type {typeof import('@fastify/http-proxy').default} */
const httpProxy = load('@fastify/http-proxy');
/** @type {typeof import('jsonwebtoken')} */
const jwt = createRequire(join(setting('ROOT'), 'packages', 'shared', 'package.json'))('jsonwebtoken');

const pepper = Buffer.from(setting('PEPPER'), 'base64');
const digest = (/** @type {string} */ key) => createHmac('sha256', pepper).update(key).digest('hex');
const keys = new Map([[digest(setting('KEY')), { id: 'key_1', scopes: new Set(['domains:read']) }]]);
const privateKey = Buffer.from(setting('IDENTITY_PRIVATE_KEY'), 'base64').toString();
/** @typedef {{ id: string; scopes: Set<string> }} Key */
/** @type {Map<string, { token: string; until: number }>} */
const identities = new Map();
const identityOf = (/** @type {Key} */ key) => {
  const cached = identities.get(key.id);
  if (cached !== undefined && cached.until > Date.now()) return cached.token;
  const token = jwt.sign({ sub: key.id }, privateKey, { algorithm: 'ES256', expiresIn: 60 });
  identities.set(key.id, { token, until: Date.now() + 35_000 });
  return token;
};

/** A request whose key was found carries it. */
const keyOf = (/** @type {object} */ req) => /** @type {{ key: Key }} */ (req).key;
const app = fastify({ logger: false });
app.addHook('onRequest', async (req, reply) => {
  const [scheme, key] = (req.headers.authorization ?? '').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || key === undefined)
    return reply.code(401).send({ error: { code: 'missing_bearer' } });
  const found = keys.get(digest(key));
  if (found === undefined) return reply.code(401).send({ error: { code: 'invalid_key' } });
  if (!found.scopes.has('domains:read')) return reply.code(403).send({ error: { code: 'forbidden_scope' } });
  Object.assign(req, { key: found });
  return undefined;
});
await app.register(rateLimit, { max: 100_000_000, timeWindow: 60_000, keyGenerator: (req) => keyOf(req).id });
await app.register(httpProxy, {
  upstream: setting('UPSTREAM'),
  prefix: '/api/v1',
  rewritePrefix: '',
  replyOptions: {
    rewriteRequestHeaders: (req, headers) => ({
      'x-identity': identityOf(keyOf(req)),
      'x-request-id': String(headers['x-request-id'] ?? req.id),
      accept: headers.accept ?? '*/*',
    }),
  },
});
await app.listen({ port: 0, host: '127.0.0.1' });
ready(app.server);
