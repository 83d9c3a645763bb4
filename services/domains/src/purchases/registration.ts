// From the body of a registration to what the purchase engine needs: name, price, wishes, and the product's own reason to refuse. Written
// for many bodies at once, so that a bulk of 500 asks the registry once.
import { z } from 'zod';
import { AppError, invalid, newId, type ErrorDetail } from '@lumi/shared/contract';
import { readHostName } from '@lumi/shared/names';
import { autoRenewField, costLine, purchaseFields, type CostLine, type Offer } from '@lumi/shared/purchase';
import type { Units } from '@lumi/shared/money';
import type { Tld } from '../catalogue/catalogue';
import { feeForYears } from '../catalogue/fees';
import type { Domains } from '../domains';
import { readDomainName } from '../names/domain-name';
import { requireOfContacts } from '../portfolio/contact-requirements';
import { contactDataOf, contactInput } from '../portfolio/contact-view';
import type { DomainRow } from '../portfolio/domain-row';
import { requireHosts } from '../portfolio/glue-host';
import { existingContacts } from '../store/contact-store';
import { findDomains } from '../store/domain-store';
import { ROLES, type ContactData, type ContactHandles, type NameCheck, type Role } from '../supplier/registrar';
import { usdDetail, yearsText, type HoldingItem } from './holding';

export const domainField = z.string().min(1).max(255).describe('The name, in Unicode or as A-labels.').meta({ example: 'example.com' });
export const yearsField = z.number().int().min(1).max(10).optional().describe('Absent: the shortest the TLD allows.');
export const nameserversField = z.array(z.string().min(1).max(255)).max(13).describe('Host names.').meta({ example: ['ns1.example.net', 'ns2.example.net'] });

/** Wishes that registration and transfer share. */
export const holdingFields = {
  contact_id: z.string().max(64).optional().describe('One of your contacts, for all four roles.'),
  contacts: z.object({ registrant: contactInput, admin: contactInput.optional(), tech: contactInput.optional(), billing: contactInput.optional() }).strict().optional()
    .describe('Contacts given in place, instead of `contact_id`; roles left out are the registrant’s. They become contacts of your account.'),
  privacy: z.boolean().optional().describe('Absent: on, where the TLD allows it.'),
  locked: z.boolean().optional().describe('Transfer lock. Absent: on, where the TLD has one.'),
  auto_renew: autoRenewField,
};

export const registerBody = z.object({ domain: domainField, years: yearsField, nameservers: nameserversField.optional(), ...holdingFields, ...purchaseFields });
export type RegisterBody = z.output<typeof registerBody>;
export type HoldingBody = Pick<RegisterBody, 'contact_id' | 'contacts' | 'privacy' | 'locked' | 'auto_renew'>;

/** What a price is told for: a quote needs neither contacts nor consent. */
export type Purpose = 'purchase' | 'quote';

/** One part or one refusal per body, in their order. */
export async function registrations(domains: Domains, accountId: string, bodies: readonly RegisterBody[], purpose: Purpose = 'purchase'): Promise<readonly (Offer | AppError)[]> {
  await domains.catalogue.ready();
  const readings = bodies.map((body) => attempt(() => readBody(domains, body)));
  const known = readings.filter((reading): reading is Reading => !(reading instanceof AppError));
  const ids = known.flatMap(({ body }) => (body.contact_id === undefined ? [] : [body.contact_id]));
  const platform = domains.service.db.platform;
  const [checks, contacts] = await Promise.all([domains.registrars.check(known), existingContacts(platform, accountId, ids)]);
  const taken = known.filter(({ name }) => checks.get(name)?.status === 'taken').map(({ name }) => name);
  const owned = taken.length === 0 ? new Map<string, unknown>() : await findDomains(platform, { kind: 'account', accountId }, taken);
  return readings.map((reading) => attempt(() => {
    if (reading instanceof AppError) throw reading;
    const check = checks.get(reading.name) ?? { name: reading.name, status: 'unknown', premium: false, fees: null };
    return partOf(domains, reading, { check, contacts, isOwned: owned.has(reading.name), purpose });
  }));
}

/** The same for a single one; throws its refusal. */
export async function registration(domains: Domains, accountId: string, body: RegisterBody): Promise<Offer> {
  const [part] = await registrations(domains, accountId, [body]);
  if (part === undefined || part instanceof AppError) throw part ?? new Error('no part for a body');
  return part;
}

interface Reading {
  readonly body: RegisterBody;
  readonly name: string;
  readonly unicode: string;
  readonly tld: Tld;
  readonly years: number;
  readonly nameservers: readonly string[];
}

function readBody(domains: Domains, body: RegisterBody): Reading {
  const reading = readDomainName(body.domain, domains.catalogue);
  if (reading.kind !== 'name') throw invalid('domain', reading.reason);
  const { name, unicode, tld } = reading;
  checkWishes(body, tld);
  return { body, name, unicode, tld, years: readYears(body.years, tld), nameservers: readNameservers(body.nameservers ?? [], { name, tld, hosts: null }, body.nameservers === undefined) };
}

interface Facts {
  readonly check: NameCheck;
  readonly contacts: ReadonlyMap<string, ContactData>;
  readonly isOwned: boolean;
  readonly purpose: Purpose;
}

function partOf(domains: Domains, reading: Reading, { check, contacts, isOwned, purpose }: Facts): Offer {
  const { body, name, unicode, tld, years } = reading;
  const fees = check.fees ?? tld;
  const price = feeForYears(fees.register, fees.renew, years);
  const item: HoldingItem = {
    domain: name, unicode, tld: tld.tld, registrar: tld.registrar, years, fee: check.fees === null ? null : price.toString(), nameservers: reading.nameservers,
    ...(purpose === 'quote' ? NO_CONTACTS : readContacts(body, tld, contacts, domains.service.clock.nowMs())),
    privacy: body.privacy ?? tld.privacy, locked: body.locked ?? tld.lock, auto_renew: body.auto_renew ?? false,
    premium_renew: check.premium ? fees.renew.toString() : null, premium_restore: check.premium ? fees.restore.toString() : null,
  };
  return {
    thing: domains.things.register, item, subject: name, lockKey: name, terms: { facts: { domain: name, years }, cost: costOfYears(`Registration of ${unicode}`, fees.register, fees.renew, years) },
    refusal: refusalOf(check, isOwned, purpose === 'quote' || hasConsent(body), price),
  };
}

export const NO_CONTACTS = { contacts: {}, contact_data: {}, new_contacts: [] } as const;

/** The lines of a price over several years. */
function costOfYears(label: string, first: Units, renew: Units, years: number): readonly CostLine[] {
  return years <= 1 ? [costLine(label, first)] : [costLine(`${label}, first year`, first), costLine(`${yearsText(years - 1)} more`, renew, { times: years - 1 })];
}

/** Naming a price, or a quote that names it, is agreeing to it. */
export function hasConsent(body: { readonly expected_price_usd?: string | undefined; readonly max_price_usd?: string | undefined; readonly quote_id?: string | undefined }): boolean {
  return body.expected_price_usd !== undefined || body.max_price_usd !== undefined || body.quote_id !== undefined;
}

export function premiumRefusal(price: Units): AppError {
  return new AppError('price_changed', "This is a premium name: agree to its price with 'expected_price_usd', 'max_price_usd' or 'quote_id'.", { details: usdDetail(price) });
}

/** The product's reasons, told after cap and balance. */
function refusalOf(check: NameCheck, isOwned: boolean, isAgreed: boolean, price: Units): AppError | null {
  if (check.status === 'unknown') return new AppError('supplier_error', 'The availability of this name could not be found out; nothing was charged. Try again.');
  if (check.status === 'reserved') return new AppError('not_available', 'This name is reserved by its registry.');
  if (check.status === 'taken') return isOwned ? new AppError('already_owned') : new AppError('not_available', 'This name is taken.');
  return check.premium && !isAgreed ? premiumRefusal(price) : null;
}

export function readYears(years: number | undefined, tld: Tld): number {
  const wanted = years ?? tld.yearsMin;
  if (wanted < tld.yearsMin || wanted > tld.yearsMax) throw invalid('years', `must be from ${String(tld.yearsMin)} to ${String(tld.yearsMax)} for .${tld.tld}`);
  return wanted;
}

/** A-labels, each once, as many as the TLD takes; those under the domain itself need their addresses (`hosts`; null for a domain that is not here yet). */
export function readNameservers(nameservers: readonly string[], { name: domain, tld, hosts }: { readonly name: string; readonly tld: Tld; readonly hosts: DomainRow['hosts'] | null }, mayBeNone: boolean): readonly string[] {
  const read = nameservers.map((host, i) => {
    const { value, reason } = readHostName(host);
    if (reason !== undefined) throw invalid(`nameservers.${String(i)}`, reason);
    return value;
  });
  if (new Set(read).size !== read.length) throw invalid('nameservers', 'names a host twice');
  if (read.length > tld.nsMax || (read.length < tld.nsMin && !(mayBeNone && read.length === 0))) throw invalid('nameservers', `must be from ${String(tld.nsMin)} to ${String(tld.nsMax)} hosts for .${tld.tld}`);
  requireHosts(domain, read, hosts);
  return read;
}

export function checkWishes(body: HoldingBody, tld: Tld): void {
  const details: ErrorDetail[] = [];
  if (body.privacy === true && !tld.privacy) details.push({ path: 'privacy', message: `is not offered for .${tld.tld}` });
  if (body.locked === true && !tld.lock) details.push({ path: 'locked', message: `is not offered for .${tld.tld}` });
  if (body.contact_id !== undefined && body.contacts !== undefined) details.push({ path: 'contacts', message: 'and contact_id exclude each other' });
  if (details.length > 0) throw new AppError('validation_error', undefined, { details });
}

/** Who stands where, with their data, which the registry needs too. */
export function readContacts(body: HoldingBody, tld: Tld, known: ReadonlyMap<string, ContactData>, nowMs: number): Pick<HoldingItem, 'contacts' | 'contact_data' | 'new_contacts'> {
  if (body.contact_id !== undefined) {
    const data = known.get(body.contact_id);
    if (data === undefined) throw new AppError('not_found');
    requireOfContacts(tld, ROLES.map((role) => ({ role, data, path: 'contact_id' })));
    return { contacts: forAllRoles(body.contact_id), contact_data: { [body.contact_id]: data }, new_contacts: [] };
  }
  if (body.contacts === undefined) {
    if (tld.contactsRequired) throw new AppError('requirements_missing', undefined, { details: [{ path: 'contact_id', message: `a contact is required for .${tld.tld}: give contact_id or contacts` }] });
    return { contacts: {}, contact_data: {}, new_contacts: [] };
  }
  const ids = new Map<Role, string>();
  const data: Record<string, ContactData> = {};
  for (const role of ROLES) {
    const input = body.contacts[role];
    if (input === undefined) continue;
    const id = newId('con', nowMs);
    ids.set(role, id);
    data[id] = contactDataOf(input, `contacts.${role}`);
  }
  const registrant = ids.get('registrant') ?? '';
  requireOfContacts(tld, ROLES.flatMap((role) => {
    const given = ids.has(role) ? role : 'registrant';
    const one = data[ids.get(given) ?? ''];
    return one === undefined ? [] : [{ role, data: one, path: `contacts.${given}` }];
  }));
  return { contacts: Object.fromEntries(ROLES.map((role) => [role, ids.get(role) ?? registrant])), contact_data: data, new_contacts: Object.keys(data) };
}

export function forAllRoles(id: string): ContactHandles {
  return Object.fromEntries(ROLES.map((role) => [role, id]));
}

function attempt<T>(work: () => T): T | AppError {
  try {
    return work();
  } catch (err) {
    if (err instanceof AppError) return err;
    throw err;
  }
}
