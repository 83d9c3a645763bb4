// A TLD on the wire: prices and rules.
import { z } from 'zod';
import { formatUsd, usdOutput } from '@lumi/shared/money';
import { isoSeconds } from '@lumi/shared/runtime';
import { yearsAllowed, type Tld } from '../catalogue/catalogue';
import { OPTIONAL_FIELDS } from '../catalogue/contact-rules';
import type { Fees } from '../catalogue/fees';
import { ROLES } from '../supplier/registrar';

export const OPERATIONS = ['register', 'renew', 'transfer', 'restore', 'trade'] as const;

export const pricesSchema = z
  .object({ register_usd: usdOutput, renew_usd: usdOutput, transfer_usd: usdOutput, restore_usd: usdOutput })
  .meta({ id: 'DomainPrices' });

export const tldSchema = z
  .object({
    tld: z.string().meta({ example: 'com' }),
    category: z.string(),
    idn: z.object({ supported: z.boolean(), scripts: z.array(z.string()) }),
    years: z.object({ min: z.number().int(), max: z.number().int(), allowed: z.array(z.number().int()) }),
    ops: z.object({
      register: z.boolean(),
      renew: z.boolean(),
      transfer: z.boolean(),
      restore: z.boolean(),
      trade: z.boolean(),
    }),
    prices: z
      .object({ ...pricesSchema.shape, trade_usd: usdOutput.nullable() })
      .describe(
        'For one year. Several years cost the first at the price of the operation, the others at the renewal price.',
      ),
    privacy: z.boolean(),
    lock: z.boolean(),
    dnssec: z.object({ mode: z.enum(['ds', 'none']), algorithms: z.array(z.number().int()), max: z.number().int() }),
    ns: z.object({ min: z.number().int(), max: z.number().int() }),
    grace: z.object({
      add_days: z.number().int(),
      auto_renew_days: z.number().int(),
      redemption_days: z.number().int(),
      pending_delete_days: z.number().int(),
    }),
    transfer_lock_days: z.number().int(),
    transfer_years: z.number().int().describe('Years a transfer in adds to the expiry.'),
    auth_code_required: z.boolean(),
    contacts_required: z.boolean(),
    contact_requirements: z
      .array(
        z.object({
          fields: z.array(z.enum(OPTIONAL_FIELDS)).describe('Fields that such a contact must have.'),
          roles: z.array(z.enum(ROLES)).describe('Of whom.'),
          countries: z
            .union([z.enum(['all', 'with_postal_codes']), z.array(z.string())])
            .describe(
              'Where the contact lives: anywhere, in a country whose addresses have postal codes, or in one ' +
                'of these countries.',
            ),
        }),
      )
      .describe(
        'What a contact needs beyond the fields that every contact has, before a name under this TLD can ' +
          'name it. A postal code must look as those of its country do.',
      ),
    auto_renew_only: z.boolean(),
    updated_at: z.string(),
  })
  .meta({ id: 'Tld' });

export function viewTld(tld: Tld): z.output<typeof tldSchema> {
  return {
    tld: tld.tld,
    category: tld.category,
    idn: { supported: tld.idn_scripts.length > 0, scripts: [...tld.idn_scripts] },
    years: { min: tld.years_min, max: tld.years_max, allowed: yearsAllowed(tld) },
    ops: { register: true, renew: true, transfer: true, restore: tld.redemption_days > 0, trade: tld.trade !== null },
    prices: { ...viewPrices(tld), trade_usd: tld.trade === null ? null : formatUsd(tld.trade) },
    privacy: tld.privacy,
    lock: tld.lock,
    dnssec: { mode: tld.dnssec_max > 0 ? 'ds' : 'none', algorithms: [...tld.dnssec_algorithms], max: tld.dnssec_max },
    ns: { min: tld.ns_min, max: tld.ns_max },
    grace: {
      add_days: tld.add_days,
      auto_renew_days: tld.grace_days,
      redemption_days: tld.redemption_days,
      pending_delete_days: tld.pending_delete_days,
    },
    transfer_lock_days: tld.transfer_lock_days,
    transfer_years: tld.transfer_years,
    auth_code_required: tld.auth_code_required,
    contacts_required: tld.contacts_required,
    contact_requirements: tld.contact_rules.map(({ fields, roles, countries }) => ({
      fields: [...fields],
      roles: [...(roles ?? ROLES)],
      countries: typeof countries === 'object' ? [...countries] : (countries ?? 'all'),
    })),
    auto_renew_only: false,
    updated_at: isoSeconds(tld.updated_at),
  };
}

export function viewPrices(fees: Fees): z.output<typeof pricesSchema> {
  return {
    register_usd: formatUsd(fees.register),
    renew_usd: formatUsd(fees.renew),
    transfer_usd: formatUsd(fees.transfer),
    restore_usd: formatUsd(fees.restore),
  };
}
