// The view of a proxy for callers. Passwords are masked unless the request asks for them in clear.
import { z } from 'zod';
import { ability, abilitySchema } from '@lumi/shared/lifecycle';
import { isoSeconds } from '@lumi/shared/runtime';
import { MASKED } from '../access/credentials';
import { findProduct } from '../catalogue/products';
import { SUSPENDED_TEXT, suspendedSchema } from './suspended';
import { PROXY_STATES, stateOf, type ProxyRow } from '../store/proxy-row';

export const proxySchema = z
  .object({
    id: z.string().meta({ example: 'prx_01k000000000000000000000' }),
    order_id: z.string(),
    product_id: z.string().describe('What it was bought as.').meta({ example: 'ipv4' }),
    type: z.string().describe('What kind of address it has.').meta({ example: 'datacenter' }),
    state: z
      .enum(PROXY_STATES)
      .describe(
        '`expiring`: within 3 days of expiry. `grace`: expired, a renewal still keeps the address. ' +
          '`replaced`: another proxy took its place.',
      ),
    host: z.string(),
    port: z.int().describe('For HTTP.').meta({ example: 8080 }),
    port_socks: z.int().describe('For SOCKS5.').meta({ example: 1080 }),
    protocol: z.enum(['http', 'socks5']).describe('What exports say unless asked otherwise.'),
    auth: z
      .object({
        mode: z
          .enum(['userpass', 'ip', 'both'])
          .describe('Who is let in: a pair, an address of the allow-list, or either.'),
      })
      .describe('How a client authenticates to the proxy.'),
    username: z.string().nullable().describe('Null where addresses are let in instead of a pair (`auth.mode: ip`).'),
    password: z
      .string()
      .nullable()
      .describe(
        'Masked; `?reveal=1` shows it, to keys with `proxy:write`, and is recorded. Null where there is no pair.',
      ),
    old_credentials_until: z.string().nullable().describe('Until then the pair before the last change works too.'),
    country: z.string(),
    city: z.string(),
    asn: z.int().describe('The autonomous system of that address.').meta({ example: 64500 }),
    exit_ip: z.string().describe('The address that targets see.').meta({ example: '192.0.2.7' }),
    subnet: z.string().describe('The network of that address.'),
    health: z.object({
      ok: z.boolean().nullable(),
      latency_ms: z.int().nullable(),
      checked_at: z.string().nullable(),
      exit_country: z.string().nullable(),
    }),
    period_days: z.int(),
    starts_at: z.string(),
    expires_at: z.string(),
    grace_ends_at: z.string(),
    auto_renew: z.boolean(),
    rotation: z
      .object({
        mode: z.enum(['on_demand', 'interval']),
        interval_s: z.int().nullable(),
        last_at: z.string().nullable(),
        cooldown_until: z.string().nullable(),
      })
      .nullable(),
    replaces: z.string().nullable(),
    replaced_by: z.string().nullable(),
    is_applied: z
      .boolean()
      .describe('False for the moment in which the network has not yet confirmed the last change of access.'),
    suspended: suspendedSchema,
    last_used_at: z.string().nullable().describe('When it was used last, to within a minute.'),
    label: z.string().nullable(),
    tags: z.array(z.string()),
    reference: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()).nullable(),
    can: z
      .object({
        renew: abilitySchema,
        replace: abilitySchema
          .extend({ free_left: z.int().describe('Replacements that cost nothing; `price_usd` holds after them.') })
          .meta({ id: 'ReplaceAbility' }),
        rotate: abilitySchema,
        update: abilitySchema,
      })
      .describe('What may be done with it now, and why not.'),
    created_at: z.string(),
    updated_at: z.string(),
    synced_at: z
      .string()
      .nullable()
      .describe('When the network was last asked about it, by `POST /proxies/{id}/sync`.'),
    missing_since: z
      .string()
      .nullable()
      .describe(
        'Since when the network does not run it any more. It can be replaced, and neither renewed nor ' +
          'rotated, until that is cleared up; null: all is well.',
      ),
  })
  .meta({ id: 'Proxy' });

export type ProxyView = z.output<typeof proxySchema>;

export function viewProxy(row: ProxyRow, now: Date, password: string = MASKED): ProxyView {
  const product = findProduct(row.product_id);
  return {
    id: row.id,
    order_id: row.order_id,
    product_id: row.product_id,
    type: row.type,
    state: stateOf(row, now),
    host: row.host,
    port: row.port,
    port_socks: row.port_socks,
    protocol: row.protocol,
    auth: { mode: row.auth_mode },
    username: hasPair(row) ? row.username : null,
    password: hasPair(row) ? password : null,
    old_credentials_until: row.old_until === null || row.old_until <= now ? null : isoSeconds(row.old_until),
    country: row.country,
    city: row.city,
    asn: row.asn,
    exit_ip: row.exit_ip,
    subnet: row.subnet,
    health: {
      ok: row.health_ok,
      latency_ms: row.health_latency_ms,
      checked_at: iso(row.health_checked_at),
      exit_country: row.health_country,
    },
    period_days: row.period_days,
    starts_at: isoSeconds(row.starts_at),
    expires_at: isoSeconds(row.expires_at),
    grace_ends_at: isoSeconds(row.grace_until),
    auto_renew: row.auto_renew,
    rotation:
      (product?.rotation ?? null) === null
        ? null
        : {
            mode: row.rotation_s === null ? 'on_demand' : 'interval',
            interval_s: row.rotation_s,
            last_at: iso(row.rotated_at),
            cooldown_until: isCooling(row, now) ? iso(row.cooldown_until) : null,
          },
    replaces: row.replaces,
    replaced_by: row.replaced_by,
    is_applied: row.access_applied >= row.access_version,
    suspended: row.suspended_for === null ? null : { reason: row.suspended_for },
    last_used_at: iso(row.last_used_at),
    label: row.label,
    tags: [...row.tags],
    reference: row.reference,
    metadata: row.metadata === null ? null : { ...row.metadata },
    can: whatCan(row, now),
    created_at: isoSeconds(row.created_at),
    updated_at: isoSeconds(row.updated_at),
    synced_at: iso(row.synced_at),
    missing_since: iso(row.missing_since),
  };
}

function whatCan(row: ProxyRow, now: Date): ProxyView['can'] {
  const product = findProduct(row.product_id);
  const state = stateOf(row, now);
  const isLive = state === 'active' || state === 'expiring';
  const over = state === 'replaced' ? 'It was replaced.' : 'It has expired.';
  const isUsable = isLive || state === 'grace';
  const missing = row.missing_since === null ? null : MISSING_TEXT;
  const suspended = row.suspended_for === null ? null : SUSPENDED_TEXT;
  const rotation =
    (product?.rotation ?? null) === null
      ? 'This product keeps its address.'
      : isCooling(row, now)
        ? 'It was rotated a moment ago.'
        : null;
  return {
    renew: ability(isUsable ? (suspended ?? missing) : over, isUsable ? { until: row.grace_until } : {}),
    replace: {
      ...ability(isLive ? suspended : over, { price: product?.replace?.price ?? 0n }),
      free_left: Math.max(0, (product?.replace?.freePerPeriod ?? 0) - row.replacements_used),
    },
    rotate: ability(isLive ? (missing ?? rotation) : over, {
      from: isLive && isCooling(row, now) ? row.cooldown_until : null,
    }),
    update: ability(isUsable ? null : over),
  };
}

export const MISSING_TEXT = 'The network does not run this proxy any more; replace it, or have that cleared up.';

/** A proxy that is used by address only has no user name and no password. */
export function hasPair(row: Pick<ProxyRow, 'auth_mode'>): boolean {
  return row.auth_mode !== 'ip';
}

export function isCooling(row: Pick<ProxyRow, 'cooldown_until'>, now: Date): boolean {
  return row.cooldown_until !== null && row.cooldown_until > now;
}

function iso(date: Date | null): string | null {
  return date === null ? null : isoSeconds(date);
}
