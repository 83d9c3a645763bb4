// A usual alternative: Fastify, its rate limit and its proxy, with the same checks as the gateway's read path: bearer →
// HMAC digest → known key → scope → limit per key → forward with a signed identity that is cached per key.
import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const load = createRequire(join(process.env.ROOT, 'package.json'));
const fastify = load('fastify');
const rateLimit = load('@fastify/rate-limit');
const httpProxy = load('@fastify/http-proxy');
const jwt = createRequire(join(process.env.ROOT, 'packages', 'shared', 'package.json'))('jsonwebtoken');

const pepper = Buffer.from(process.env.PEPPER, 'base64');
const digest = (key) => createHmac('sha256', pepper).update(key).digest('hex');
const keys = new Map([[digest(process.env.KEY), { id: 'key_1', scopes: new Set(['domains:read']) }]]);
const privateKey = Buffer.from(process.env.IDENTITY_PRIVATE_KEY, 'base64').toString();
const identities = new Map();
const identityOf = (key) => {
  const cached = identities.get(key.id);
  if (cached !== undefined && cached.until > Date.now()) return cached.token;
  const token = jwt.sign({ sub: key.id }, privateKey, { algorithm: 'ES256', expiresIn: 60 });
  identities.set(key.id, { token, until: Date.now() + 35_000 });
  return token;
};

const app = fastify({ logger: false });
app.addHook('onRequest', async (req, reply) => {
  const [scheme, key] = (req.headers.authorization ?? '').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || key === undefined)
    return reply.code(401).send({ error: { code: 'missing_bearer' } });
  const found = keys.get(digest(key));
  if (found === undefined) return reply.code(401).send({ error: { code: 'invalid_key' } });
  if (!found.scopes.has('domains:read')) return reply.code(403).send({ error: { code: 'forbidden_scope' } });
  req.key = found;
  return undefined;
});
await app.register(rateLimit, { max: 100_000_000, timeWindow: 60_000, keyGenerator: (req) => req.key.id });
await app.register(httpProxy, {
  upstream: process.env.UPSTREAM,
  prefix: '/api/v1',
  rewritePrefix: '',
  replyOptions: {
    rewriteRequestHeaders: (req, headers) => ({
      'x-identity': identityOf(req.key),
      'x-request-id': headers['x-request-id'] ?? req.id,
      accept: headers.accept ?? '*/*',
    }),
  },
});
await app.listen({ port: 0, host: '127.0.0.1' });
process.send({ type: 'ready', port: app.server.address().port });
process.on('SIGTERM', () => process.exit(0));
process.on('disconnect', () => process.exit(0));
