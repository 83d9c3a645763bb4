// The view of a key for operators. It has no secrets: the key and its signing secret are shown once, when they are
// made.
import { z } from 'zod';
import type { Act } from '../../base/audit-log';
import { PRODUCTS, isId } from '../../ground/contract';
import { effectiveScopes, isUsable, type KeyFacts, type IssuedKey } from '../../base/keys';
import { formatUsd, usdOutput } from '../../ground/money';
import { isoSeconds, type Clock } from '../../ground/runtime';

export const keySchema = z
  .object({
    id: z.string().meta({ example: 'key_01k000000000000000000000' }),
    prefix: z
      .string()
      .describe('The beginning of the key, to tell keys apart.')
      .meta({ example: 'lumi_domains_Ab3x…' }),
    product: z.enum(PRODUCTS),
    type: z.enum(['reseller', 'operator']),
    user_id: z.string().nullable(),
    state: z.enum(['active', 'expired', 'revoked']),
    scopes: z.array(z.string()),
    daily_cap_usd: usdOutput.nullable(),
    signing: z.enum(['none', 'v1', 'v2']),
    limits: z
      .object({ regular_per_minute: z.int().nullable(), money_per_minute: z.int().nullable() })
      .describe('Null: the default of the deployment.'),
    ip_allowlist: z.array(z.string()).describe('Empty: from anywhere.'),
    lineage_id: z.string().describe('Shared by keys that replaced one another.'),
    replaced_by: z.string().nullable(),
    created_at: z.string(),
    expires_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
    last_used_at: z.string().nullable(),
  })
  .meta({ id: 'ApiKey' });

export type KeyView = z.output<typeof keySchema>;

export const issuedKeySchema = keySchema
  .extend({
    key: z.string().describe('The key itself. Shown this once: only its digest is stored.'),
    signing_secret: z.string().optional().describe('Shown this once; present when the key signs.'),
  })
  .meta({ id: 'IssuedApiKey' });

export const keyParams = z.object({
  id: z
    .string()
    .refine((id) => isId(id, 'key'))
    .describe('The id of the key.'),
});

export function viewKey(clock: Clock): (key: KeyFacts) => KeyView {
  return (key) => ({
    id: key.id,
    prefix: key.prefix,
    product: key.product,
    type: key.type,
    user_id: key.accountId,
    state: key.revokedAt !== null ? 'revoked' : isUsable(key, clock.nowMs()) ? 'active' : 'expired',
    scopes: [...effectiveScopes(key)],
    daily_cap_usd: key.dailyCapUnits === null ? null : formatUsd(key.dailyCapUnits),
    signing: key.signing,
    limits: { regular_per_minute: key.regularPerMinute, money_per_minute: key.moneyPerMinute },
    ip_allowlist: [...key.ipAllowlist],
    lineage_id: key.lineageId,
    replaced_by: key.replacedBy,
    created_at: isoSeconds(key.createdAt),
    expires_at: isoOrNull(key.expiresAt),
    revoked_at: isoOrNull(key.revokedAt),
    last_used_at: isoOrNull(key.lastUsedAt),
  });
}

export function viewIssued(clock: Clock, issued: IssuedKey): z.output<typeof issuedKeySchema> {
  const { id, ...rest } = viewKey(clock)(issued.record);
  return {
    id,
    key: issued.key,
    ...(issued.signingSecret === undefined ? {} : { signing_secret: issued.signingSecret }),
    ...rest,
  };
}

/** For the audit log; it contains no secret. */
export function keyAct(clock: Clock, action: string, before: KeyFacts | null, after: KeyFacts): Act {
  const view = viewKey(clock);
  return {
    action,
    subject: before?.id ?? after.id,
    accountId: after.accountId,
    before: before === null ? null : view(before),
    after: view(after),
  };
}

function isoOrNull(date: Date | null): string | null {
  return date === null ? null : isoSeconds(date);
}
