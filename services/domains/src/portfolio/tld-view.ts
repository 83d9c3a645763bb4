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
    idn: { supported: tld.idnScripts.length > 0, scripts: [...tld.idnScripts] },
    years: { min: tld.yearsMin, max: tld.yearsMax, allowed: yearsAllowed(tld) },
    ops: { register: true, renew: true, transfer: true, restore: tld.redemptionDays > 0, trade: tld.trade !== null },
    prices: { ...viewPrices(tld), trade_usd: tld.trade === null ? null : formatUsd(tld.trade) },
    privacy: tld.privacy,
    lock: tld.lock,
    dnssec: { mode: tld.dnssecMax > 0 ? 'ds' : 'none', algorithms: [...tld.dnssecAlgorithms], max: tld.dnssecMax },
    ns: { min: tld.nsMin, max: tld.nsMax },
    grace: {
      add_days: tld.addDays,
      auto_renew_days: tld.graceDays,
      redemption_days: tld.redemptionDays,
      pending_delete_days: tld.pendingDeleteDays,
    },
    transfer_lock_days: tld.transferLockDays,
    transfer_years: tld.transferYears,
    auth_code_required: tld.authCodeRequired,
    contacts_required: tld.contactsRequired,
    contact_requirements: tld.contactRules.map(({ fields, roles, countries }) => ({
      fields: [...fields],
      roles: [...(roles ?? ROLES)],
      countries: typeof countries === 'object' ? [...countries] : (countries ?? 'all'),
    })),
    auto_renew_only: false,
    updated_at: isoSeconds(tld.updatedAt),
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
