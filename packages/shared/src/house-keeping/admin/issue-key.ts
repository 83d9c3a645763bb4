import { z } from 'zod';
import { defineRoute, invalid, notFound } from '../../ground/contract';
import { endpoint, type Endpoint } from '../../counter/endpoint';
import { findKeyById, issueKey, type KeyRequest, type Signing } from '../../base/keys';
import { parseUsd, usdInput } from '../../ground/money';
import { instantField } from '../../ground/times';
import { administer } from './administer';
import { ADMIN_TAG, ringsOf, type AdminDeps } from './deps';
import { issuedKeySchema, keyAct, viewIssued } from './key-view';
import { findUser } from './user-store';

const perMinute = z.int().min(1).max(1_000_000).nullable().optional();

function keyBody(deps: AdminDeps) {
  return z.object({
    user_id: z
      .string()
      .min(1)
      .max(64)
      .nullable()
      .optional()
      .describe('The account of a reseller key; null or absent for an operator key.'),
    product: z
      .literal(deps.product, `must be ${deps.product}: a key is issued at the address of its product`)
      .optional(),
    type: z.enum(['reseller', 'operator']),
    scopes: z
      .array(z.string().max(64))
      .max(20)
      .optional()
      .describe('Of a reseller key, at least one; an operator key holds all of them.'),
    daily_cap_usd: usdInput
      .nullable()
      .optional()
      .describe(
        'What the key may spend in a UTC day; absent: the default of the deployment. Operator keys are exempt.',
      ),
    signing: z
      .union([z.enum(['none', 'v1', 'v2']), z.boolean()])
      .optional()
      .describe(
        'Whether money and guarded requests must be signed; `true` is `v1`. A key that signs issues only ' +
          'keys that sign, and the version is its own if absent.',
      ),
    limits: z
      .object({ regular_per_minute: perMinute, money_per_minute: perMinute })
      .strict()
      .optional()
      .describe('Instead of the default rate limits.'),
    ip_allowlist: z
      .array(z.string().max(64))
      .max(100)
      .nullable()
      .optional()
      .describe('Addresses or CIDR blocks; absent or empty: from anywhere.'),
    expires_at: instantField
      .nullable()
      .optional()
      .describe('From then on the key is refused.')
      .meta({ example: '2027-01-01T00:00:00Z' }),
  });
}

export function issueKeyEndpoint(deps: AdminDeps): Endpoint {
  return endpoint(
    defineRoute({
      id: 'issue-key',
      method: 'POST',
      path: '/admin/keys',
      summary: 'Issue a key',
      tag: ADMIN_TAG,
      scope: 'admin:*',
      class: 'guarded',
      reach: 'none',
      keepsUserId: true,
      description:
        'A key for this product. It and its signing secret are in this answer alone; under an ' +
        '`Idempotency-Key` a repeat within a day gets the same answer, later `409 state_conflict`.',
      body: keyBody(deps),
      bodyExample: {
        user_id: 'usr_01k000000000000000000000',
        type: 'reseller',
        scopes: [`${deps.product}:read`, `${deps.product}:buy`],
        daily_cap_usd: '50.00',
        signing: 'v1',
      },
      responses: { 201: { description: 'The key.', schema: issuedKeySchema } },
      errors: ['state_conflict'],
    }),
    async (context) => {
      const { body, principal } = context;
      const accountId = body.user_id ?? null;
      if (accountId !== null && (await findUser(deps.admin.pool, accountId)) === null) throw notFound();
      const own =
        principal.signature === undefined
          ? 'none'
          : ((await findKeyById(deps.admin.pool, principal.keyId))?.signing ?? 'v1');
      const request: KeyRequest = {
        product: deps.product,
        type: body.type,
        accountId,
        scopes: body.scopes ?? [],
        dailyCapUnits:
          body.daily_cap_usd === undefined || body.daily_cap_usd === null ? null : parseUsd(body.daily_cap_usd),
        signing: signingOf(body.signing, own),
        limits: {
          regularPerMinute: body.limits?.regular_per_minute ?? null,
          moneyPerMinute: body.limits?.money_per_minute ?? null,
        },
        ipAllowlist: body.ip_allowlist ?? [],
        expiresAt: body.expires_at === undefined || body.expires_at === null ? null : new Date(body.expires_at),
      };
      return administer(deps, context, 'key', async (_tx, db) => {
        const issued = await issueKey(db, ringsOf(deps), { ...request, by: context.principal.keyId });
        return {
          status: 201,
          body: viewIssued(deps.clock, issued),
          act: keyAct(deps.clock, 'key.issue', null, issued.record),
          holdsSecret: true,
        };
      });
    },
  );
}

/** A key that must sign cannot issue a key that need not sign; otherwise the signing secret would protect nothing. */
function signingOf(wanted: Signing | boolean | undefined, own: Signing): Signing {
  if (wanted === undefined) return own;
  const signing = wanted === true ? 'v1' : wanted === false ? 'none' : wanted;
  if (signing === 'none' && own !== 'none')
    throw invalid('signing', 'must be v1 or v2: a key that signs issues only keys that sign');
  return signing;
}
