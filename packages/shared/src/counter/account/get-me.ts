// All data about the caller's key in one answer: its scopes, what it may still spend, and its rate limits.
import { z } from 'zod';
import { AppError, PRODUCTS, defineRoute } from '../../ground/contract';
import { endpoint, json, type Endpoint, type RequestContext } from '../endpoint';
import { effectiveScopes, findKeyById, type KeyFacts } from '../../base/keys';
import { readDailySpend } from '../../base/ledger';
import { MINUTE_MS } from '../../base/limits';
import { formatUsd, usdOutput } from '../../ground/money';
import type { Principal } from '../../base/principal';
import { isoSeconds } from '../../ground/runtime';
import type { AccountDeps, Environment, Party } from './deps';
import { accountOf } from '../listing';

const rateSchema = z.object({
  limit: z.int().describe('Requests per 60 seconds.'),
  remaining: z.int().nullable().describe('Requests left right now; null when the counter cannot be read.'),
  reset_s: z.int().nullable().describe('Seconds until all of them are back.'),
});
const partySchema = z.object({ name: z.string(), sandbox: z.boolean() });

const meSchema = z
  .object({
    key: z.object({
      id: z.string(),
      prefix: z.string(),
      type: z.enum(['reseller', 'operator']),
      scopes: z.array(z.string()),
      signing_required: z.boolean(),
      signing: z.enum(['none', 'v1', 'v2']),
      ip_allowlist: z.array(z.string()),
      created_at: z.string(),
      expires_at: z.string().nullable(),
      last_used_at: z.string().nullable(),
    }),
    user: z
      .object({ id: z.string() })
      .nullable()
      .describe('The account of the key; of an operator key the named `user_id`, or null.'),
    product: z.enum(PRODUCTS),
    money_enabled: z.boolean().describe('Whether money operations are switched on for this deployment.'),
    caps: z.object({
      daily: z.object({
        limit_usd: usdOutput.nullable(),
        source: z.enum(['key', 'default', 'none']),
        spent_usd: usdOutput.describe('Captured and held since the last reset.'),
        remaining_usd: usdOutput.nullable(),
        resets_at: z.string(),
      }),
    }),
    rate: z.object({ regular: rateSchema, money: rateSchema }),
    environment: z
      .object({ suppliers: z.array(partySchema), payment_providers: z.array(partySchema) })
      .describe('Which outside parties are test doubles.'),
    server_time: z.string(),
  })
  .meta({ id: 'Me' });

export function getMe(deps: AccountDeps, environment: Environment): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-me',
      method: 'GET',
      path: '/me',
      summary: 'Show the key',
      tag: 'Account',
      scope: 'any',
      class: 'regular',
      reach: 'account',
      description:
        'The key that asks: its scopes, its account, what its daily cap leaves, its rate limits, and ' +
        'whether money operations are on.',
      responses: { 200: { description: 'The key.', schema: meSchema } },
    }),
    async (context) => {
      const { principal } = context;
      const [key, spend, money] = await Promise.all([
        findKeyById(deps.db.pool, principal.keyId),
        readDailySpend(deps.db.platform, principal.lineageId),
        moneyRate(deps, principal),
      ]);
      if (key === null) throw new AppError('invalid_key');
      const user = accountOf(context.reach);
      return json(200, {
        key: viewKey(key),
        user: user === null ? null : { id: user },
        product: deps.product,
        money_enabled: deps.config.API_MONEY_ENABLED,
        caps: { daily: dailyCap(deps, key, spend) },
        rate: { regular: regularRate(context), money },
        environment: {
          suppliers: environment.suppliers.map(viewParty),
          payment_providers: environment.paymentProviders.map(viewParty),
        },
        server_time: isoSeconds(deps.clock.now()),
      });
    },
  );
}

function viewKey(key: KeyFacts): z.output<typeof meSchema>['key'] {
  return {
    id: key.id,
    prefix: key.prefix,
    type: key.type,
    scopes: [...effectiveScopes(key)],
    signing_required: key.signing !== 'none',
    signing: key.signing,
    ip_allowlist: [...key.ipAllowlist],
    created_at: isoSeconds(key.createdAt),
    expires_at: key.expiresAt === null ? null : isoSeconds(key.expiresAt),
    last_used_at: key.lastUsedAt === null ? null : isoSeconds(key.lastUsedAt),
  };
}

function dailyCap(
  deps: AccountDeps,
  key: KeyFacts,
  spend: { spent: bigint; resetsAt: Date },
): z.output<typeof meSchema>['caps']['daily'] {
  const common = { spent_usd: formatUsd(spend.spent), resets_at: isoSeconds(spend.resetsAt) };
  const limit = key.type === 'operator' ? null : (key.dailyCapUnits ?? deps.config.DEFAULT_DAILY_CAP_USD);
  if (limit === null) return { limit_usd: null, source: 'none', remaining_usd: null, ...common };
  const left = limit - spend.spent;
  return {
    limit_usd: formatUsd(limit),
    source: key.dailyCapUnits === null ? 'default' : 'key',
    remaining_usd: formatUsd(left > 0n ? left : 0n),
    ...common,
  };
}

/** The gateway counts these requests; a header says what is left after this request. */
function regularRate({ principal, regularRemaining }: RequestContext): z.output<typeof rateSchema> {
  return {
    limit: principal.regularPerMinute,
    remaining: regularRemaining?.remaining ?? null,
    reset_s: regularRemaining?.resetS ?? null,
  };
}

async function moneyRate(deps: AccountDeps, principal: Principal): Promise<z.output<typeof rateSchema>> {
  const limit = principal.moneyPerMinute;
  try {
    const state = await deps.moneyLimits.peek(`money:${principal.lineageId}`, { tokens: limit, periodMs: MINUTE_MS });
    return { limit, remaining: state.remaining, reset_s: state.resetS };
  } catch (err) {
    // The store of the counters is down: a read goes on without them; money requests are refused.
    deps.log.warn('the money limit could not be read', { err });
    return { limit, remaining: null, reset_s: null };
  }
}

function viewParty(party: Party): z.output<typeof partySchema> {
  return { name: party.name, sandbox: party.isSandbox };
}
