// What a TLD demands of a request, as JSON Schema (draft 2020-12): the body that the operation takes everywhere, with
// this TLD's rules beside it in `allOf`. The rules themselves are those that the operations check before any money is
// held; a test sends bodies to both.
import { countryCodes, usesPostalCodes } from '@lumi/shared/countries';
import { ROLES, type Role } from '../supplier/registrar';
import type { Tld } from './catalogue';
import type { ContactRule } from './contact-rules';

export type Requested = 'register' | 'transfer';
export type JsonSchema = Readonly<Record<string, unknown>>;

const DRAFT = 'https://json-schema.org/draft/2020-12/schema';

/** @param body the schema of the operation's body, without this TLD's rules */
export function requirementsSchema(tld: Tld, operation: Requested, body: JsonSchema): JsonSchema {
  const rules = [
    { properties: { domain: { pattern: `\\.${anyCase(tld.tld)}\\.?$` } } },
    ...(operation === 'register' ? registerRules(tld) : transferRules(tld)),
    { not: { required: ['contact_id', 'contacts'] } },
    ...(tld.contacts_required ? [{ anyOf: [{ required: ['contact_id'] }, { required: ['contacts'] }] }] : []),
    ...(tld.privacy ? [] : [{ properties: { privacy: { const: false } } }]),
    ...(tld.lock ? [] : [{ properties: { locked: { const: false } } }]),
    ...ROLES.map((role) => ({ properties: { contacts: { properties: { [role]: ORGANIZATION } } } })),
    ...tld.contact_rules.flatMap((rule) => (rule.roles ?? ROLES).map((role) => contactRule(rule, role))),
  ];
  return { ...body, $schema: DRAFT, allOf: rules };
}

/** What a schema cannot say. */
export function requirementsNotes(tld: Tld, operation: Requested): readonly string[] {
  return [
    'A contact that contact_id names is held to the same rules as one given in contacts.',
    'A postal code must have the form that its country uses.',
    ...(tld.idn_scripts.length === 0
      ? ['Names are in ASCII only.']
      : [`A name is written in one of these scripts: ${tld.idn_scripts.join(', ')}.`]),
    ...(operation === 'register' && tld.transfer_lock_days > 0
      ? [`A new name cannot be moved to another registrar for ${String(tld.transfer_lock_days)} days.`]
      : []),
    ...(operation === 'transfer' && tld.transfer_years > 0
      ? [`A transfer adds ${String(tld.transfer_years)} year to the name.`]
      : []),
  ];
}

function registerRules({ years_min: minimum, years_max: maximum, ns_min, ns_max }: Tld): readonly JsonSchema[] {
  return [{ properties: { years: { minimum, maximum }, nameservers: { minItems: ns_min, maxItems: ns_max } } }];
}

function transferRules({ auth_code_required: isCodeRequired, ns_min, ns_max }: Tld): readonly JsonSchema[] {
  // `minItems` says nothing about the word `keep`.
  return [
    { properties: { nameservers: { minItems: ns_min, maxItems: ns_max } } },
    ...(isCodeRequired ? [{ required: ['auth_code'] }] : []),
  ];
}

const ORGANIZATION = ifThen(
  { required: ['type'], properties: { type: { const: 'organization' } } },
  demand(['organization']),
);

/** A role that is left out is the registrant's. */
function contactRule({ fields, countries }: ContactRule, role: Role): JsonSchema {
  const demanded =
    countries === undefined
      ? demand(fields)
      : ifThen({ required: ['country'], properties: { country: { enum: namedCountries(countries) } } }, demand(fields));
  const ofRegistrant = { properties: { registrant: demanded } };
  const contacts =
    role === 'registrant'
      ? ofRegistrant
      : { if: { required: [role] }, then: { properties: { [role]: demanded } }, else: ofRegistrant };
  return { properties: { contacts } };
}

function namedCountries(countries: NonNullable<ContactRule['countries']>): readonly string[] {
  return countries === 'with_postal_codes' ? countryCodes().filter(usesPostalCodes) : countries;
}

function demand(fields: readonly string[]): JsonSchema {
  return { required: fields, properties: Object.fromEntries(fields.map((field) => [field, { type: 'string' }])) };
}

function ifThen(condition: JsonSchema, then: JsonSchema): JsonSchema {
  return { if: condition, then };
}

/** JSON Schema's patterns have no flag for it. */
function anyCase(text: string): string {
  return [...text].map((sign) => (/[a-z]/.test(sign) ? `[${sign}${sign.toUpperCase()}]` : `\\u${hex(sign)}`)).join('');
}

function hex(sign: string): string {
  return sign.charCodeAt(0).toString(16).padStart(4, '0');
}
