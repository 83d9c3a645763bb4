// The view of a domain for callers, with the actions that are possible now and the reasons for those that are not.
import { z } from 'zod';
import { formatUsd, usdOutput } from '@lumi/shared/money';
import { ability, abilitySchema } from '@lumi/shared/lifecycle';
import { isoSeconds } from '@lumi/shared/runtime';
import { DAY_MS } from '@lumi/shared/times';
import type { Tld } from '../catalogue/catalogue';
import type { DomainRow } from './domain-row';
import { DOMAIN_STATES, stateAt, type DomainState } from './lifecycle';

const timestamp = z.string().meta({ example: '2027-11-24T10:00:00Z' });

export const dsSchema = z
  .object({ key_tag: z.number().int(), algorithm: z.number().int(), digest_type: z.number().int(), digest: z.string() })
  .meta({ id: 'DsRecord' });

export const contactsSchema = z.object({
  registrant: z.string().nullable(),
  admin: z.string().nullable(),
  tech: z.string().nullable(),
  billing: z.string().nullable(),
});

export const domainSchema = z
  .object({
    domain: z
      .string()
      .describe('The name as the registry has it, lower case, A-labels.')
      .meta({ example: 'example.com' }),
    unicode: z.string().describe('The name as people read it.'),
    tld: z.string().describe('What the name ends with.').meta({ example: 'com' }),
    state: z.enum(DOMAIN_STATES),
    registry_statuses: z
      .array(z.string().meta({ example: 'clientTransferProhibited' }))
      .describe('EPP statuses, as the registry has them.'),
    rgp_status: z
      .string()
      .nullable()
      .describe('The grace period it is in, in the registry’s words.')
      .meta({ example: 'addPeriod' }),
    status_tags: z
      .array(z.string().meta({ example: 'expiring_soon' }))
      .describe('What deserves attention: `expiring_soon`, `no_nameservers`, `transfer_locked`, `premium`.'),
    created_at: timestamp.describe('When the name was registered.'),
    expires_at: timestamp,
    lifecycle: z.object({
      grace_ends_at: timestamp,
      redemption_ends_at: timestamp,
      delete_at: timestamp,
      locked_until: timestamp.nullable(),
    }),
    auto_renew: z.boolean(),
    renew_price_usd: usdOutput.describe('One year, at today’s price.'),
    locked: z.boolean().describe('Whether it cannot be transferred away.'),
    privacy: z.boolean().describe('Whether WHOIS hides the registrant.'),
    nameservers: z.array(z.string()).describe('Where the name is delegated to.'),
    contacts: contactsSchema.describe('Role → contact id.'),
    dnssec: z.object({ enabled: z.boolean(), ds: z.array(dsSchema) }),
    auth_code_expires_at: timestamp.nullable(),
    can: z.object({
      renew: abilitySchema,
      restore: abilitySchema,
      transfer_out: abilitySchema,
      change_ns: abilitySchema,
      change_registrant: abilitySchema,
      delete: abilitySchema,
    }),
    tags: z.array(z.string()),
    reference: z.string().nullable(),
    metadata: z.record(z.string(), z.unknown()).nullable(),
    order_id: z.string(),
    updated_at: timestamp,
    synced_at: timestamp.describe('When the registry was last heard about this name.'),
    missing_since: timestamp
      .nullable()
      .describe(
        'Since when the registry does not know this name, though you hold it. Nothing can be done with it ' +
          'until that is cleared up; null: all is well.',
      ),
  })
  .meta({ id: 'Domain' });

export type DomainView = z.output<typeof domainSchema>;

const EXPIRING_SOON_MS = 30 * DAY_MS;

export function viewDomain(row: DomainRow, tld: Tld, now: Date): DomainView {
  const state = stateAt(row, now);
  return {
    domain: row.name,
    unicode: row.unicode,
    tld: row.tld,
    state,
    registry_statuses: [...row.registry_statuses],
    rgp_status: rgpStatus(row, tld, state, now),
    status_tags: statusTags(row, state, now),
    created_at: isoSeconds(row.registered_at),
    expires_at: isoSeconds(row.expires_at),
    lifecycle: {
      grace_ends_at: isoSeconds(row.grace_ends_at),
      redemption_ends_at: isoSeconds(row.redemption_ends_at),
      delete_at: isoSeconds(row.delete_at),
      locked_until: isoOrNull(row.locked_until),
    },
    auto_renew: row.auto_renew,
    renew_price_usd: formatUsd(row.premium_renew ?? tld.renew),
    locked: row.locked,
    privacy: row.privacy,
    nameservers: [...row.nameservers],
    contacts: viewContacts(row),
    dnssec: { enabled: row.ds.length > 0, ds: row.ds.map((one) => ({ ...one })) },
    auth_code_expires_at:
      row.auth_code_expires_at !== null && row.auth_code_expires_at > now ? isoSeconds(row.auth_code_expires_at) : null,
    can: abilities(row, tld, state, now),
    tags: [...row.tags],
    reference: row.reference,
    metadata: row.metadata === null ? null : { ...row.metadata },
    order_id: row.order_id,
    updated_at: isoSeconds(row.updated_at),
    synced_at: isoSeconds(row.synced_at),
    missing_since: isoOrNull(row.missing_since),
  };
}

export function viewContacts(row: DomainRow): z.output<typeof contactsSchema> {
  return { registrant: row.registrant_id, admin: row.admin_id, tech: row.tech_id, billing: row.billing_id };
}

function abilities(row: DomainRow, tld: Tld, state: DomainState, now: Date): DomainView['can'] {
  const alive = state === 'active' || state === 'expired_grace';
  const lockedUntil = row.locked_until !== null && row.locked_until > now ? row.locked_until : null;
  const whyNotAlive =
    row.missing_since !== null
      ? 'the registry does not know the domain any more'
      : alive
        ? null
        : `the domain is ${state}`;
  const restorable = state === 'redemption' && row.missing_since === null;
  return {
    renew: ability(whyNotAlive, { until: row.grace_ends_at, price: row.premium_renew ?? tld.renew }),
    restore: ability(restorable ? null : 'only a domain in redemption can be restored', {
      from: row.grace_ends_at,
      until: row.redemption_ends_at,
      price: row.premium_restore ?? tld.restore,
    }),
    transfer_out: ability(
      whyNotAlive ??
        (lockedUntil === null
          ? row.locked
            ? 'the domain is locked; unlock it first'
            : null
          : 'too soon after registration or transfer'),
      { from: lockedUntil },
    ),
    change_ns: ability(whyNotAlive, {}),
    change_registrant: ability(
      whyNotAlive ?? (tld.trade === null ? null : 'this registry takes a change of registrant only as a trade'),
      { price: tld.trade },
    ),
    delete: ability(whyNotAlive, {}),
  };
}

function rgpStatus(row: DomainRow, tld: Tld, state: DomainState, now: Date): string | null {
  if (state === 'redemption') return 'redemptionPeriod';
  if (state === 'pending_delete') return 'pendingDelete';
  if (state === 'expired_grace') return 'autoRenewPeriod';
  const addEndsMs = row.registered_at.getTime() + tld.add_days * DAY_MS;
  return state === 'active' && now.getTime() < addEndsMs ? 'addPeriod' : null;
}

function statusTags(row: DomainRow, state: DomainState, now: Date): string[] {
  return [
    ...(state === 'active' && row.expires_at.getTime() - now.getTime() < EXPIRING_SOON_MS ? ['expiring_soon'] : []),
    ...(row.nameservers.length === 0 ? ['no_nameservers'] : []),
    ...(row.locked ? ['transfer_locked'] : []),
    ...(row.premium_renew === null ? [] : ['premium']),
  ];
}

function isoOrNull(date: Date | null): string | null {
  return date === null ? null : isoSeconds(date);
}
