// Turns the body of a registration into what the purchase engine needs: name, price, requested fields, and the
// product's own reason to refuse. It takes many bodies at once, so that a bulk of 500 asks the registry once.
import { z } from 'zod';
import { AppError, invalid } from '@lumi/shared/contract';
import { mapInTurns } from '@lumi/shared/endpoint';
import { costLine, purchaseFields, type CostLine, type Offer } from '@lumi/shared/purchase';
import type { Units } from '@lumi/shared/money';
import type { Tld } from '../catalogue/catalogue';
import { feeForYears } from '../catalogue/fees';
import type { DomainsDeps } from '../deps';
import { readDomainName } from '../names/domain-name';
import { existingContacts } from '../store/contact-store';
import { findDomains } from '../store/domain-store';
import type { ContactData, NameCheck } from '../supplier/registrar';
import { usdDetail, yearsText, type HoldingItem } from './holding';
import { holdingFields, checkWishes, readYears, readNameservers, NO_CONTACTS, readContacts } from './holding-wishes';
import { registerThing } from './register';

export const domainField = z
  .string()
  .min(1)
  .max(255)
  .describe('The name, in Unicode or as A-labels.')
  .meta({ example: 'example.com' });
export const yearsField = z.number().int().min(1).max(10).optional().describe('Absent: the shortest the TLD allows.');
export const nameserversField = z
  .array(z.string().min(1).max(255))
  .max(13)
  .describe('Host names.')
  .meta({ example: ['ns1.example.net', 'ns2.example.net'] });

export const registerBody = z.object({
  domain: domainField,
  years: yearsField,
  nameservers: nameserversField.optional(),
  ...holdingFields,
  ...purchaseFields,
});
export type RegisterBody = z.output<typeof registerBody>;

/** The input of a price. A quote needs neither contacts nor consent. */
export type Purpose = 'purchase' | 'quote';

/** One offer or one refusal per body, in their order. */
export async function registrations(
  domains: DomainsDeps,
  accountId: string,
  bodies: readonly RegisterBody[],
  purpose: Purpose = 'purchase',
): Promise<readonly (Offer | AppError)[]> {
  await domains.catalogue.ready();
  const readings = await mapInTurns(bodies, (body) => attempt(() => readBody(domains, body)));
  const known = readings.filter((reading): reading is Reading => !(reading instanceof AppError));
  const ids = known.flatMap(({ body }) => (body.contact_id === undefined ? [] : [body.contact_id]));
  const platform = domains.service.db.platform;
  const [checks, contacts] = await Promise.all([
    domains.registrars.check(known),
    existingContacts(domains.db, accountId, ids),
  ]);
  const taken = known.filter(({ name }) => checks.get(name)?.status === 'taken').map(({ name }) => name);
  const owned =
    taken.length === 0
      ? new Map<string, unknown>()
      : await findDomains(platform, { kind: 'account', accountId }, taken);
  return mapInTurns(readings, (reading) =>
    attempt(() => {
      if (reading instanceof AppError) throw reading;
      const check = checks.get(reading.name) ?? { name: reading.name, status: 'unknown', premium: false, fees: null };
      return offerOf(domains, reading, { check, contacts, isOwned: owned.has(reading.name), purpose });
    }),
  );
}

/** The same for a single body. Throws its refusal. */
export async function registration(domains: DomainsDeps, accountId: string, body: RegisterBody): Promise<Offer> {
  const [offer] = await registrations(domains, accountId, [body]);
  if (offer === undefined || offer instanceof AppError) throw offer ?? new Error('no offer for a body');
  return offer;
}

interface Reading {
  readonly body: RegisterBody;
  readonly name: string;
  readonly unicode: string;
  readonly tld: Tld;
  readonly years: number;
  readonly nameservers: readonly string[];
}

function readBody(domains: DomainsDeps, body: RegisterBody): Reading {
  const reading = readDomainName(body.domain, domains.catalogue);
  if (reading.kind !== 'name') throw invalid('domain', reading.reason);
  const { name, unicode, tld } = reading;
  checkWishes(body, tld);
  return {
    body,
    name,
    unicode,
    tld,
    years: readYears(body.years, tld),
    nameservers: readNameservers(body.nameservers ?? [], { name, tld, hosts: null }, body.nameservers === undefined),
  };
}

interface Facts {
  readonly check: NameCheck;
  readonly contacts: ReadonlyMap<string, ContactData>;
  readonly isOwned: boolean;
  readonly purpose: Purpose;
}

function offerOf(domains: DomainsDeps, reading: Reading, { check, contacts, isOwned, purpose }: Facts): Offer {
  const { body, name, unicode, tld, years } = reading;
  const fees = check.fees ?? tld;
  const price = feeForYears(fees.register, fees.renew, years);
  const item: HoldingItem = {
    domain: name,
    unicode,
    tld: tld.tld,
    registrar: tld.registrar,
    years,
    fee: check.fees === null ? null : price.toString(),
    nameservers: reading.nameservers,
    ...(purpose === 'quote' ? NO_CONTACTS : readContacts(body, tld, contacts, domains.service.clock.nowMs())),
    privacy: body.privacy ?? tld.privacy,
    locked: body.locked ?? tld.lock,
    auto_renew: body.auto_renew ?? false,
    premium_renew: check.premium ? fees.renew.toString() : null,
    premium_restore: check.premium ? fees.restore.toString() : null,
  };
  return {
    thing: registerThing(domains),
    item,
    subject: name,
    lockKey: name,
    terms: {
      facts: { domain: name, years },
      cost: costOfYears(`Registration of ${unicode}`, fees.register, fees.renew, years),
    },
    refusal: refusalOf(check, isOwned, purpose === 'quote' || hasConsent(body), price),
  };
}

/** The lines of a price over several years. */
function costOfYears(label: string, first: Units, renew: Units, years: number): readonly CostLine[] {
  return years <= 1
    ? [costLine(label, first)]
    : [costLine(`${label}, first year`, first), costLine(`${yearsText(years - 1)} more`, renew, { times: years - 1 })];
}

/** A caller that sends a price, or a quote with a price, agrees to that price. */
export function hasConsent(body: {
  readonly expected_price_usd?: string | undefined;
  readonly max_price_usd?: string | undefined;
  readonly quote_id?: string | undefined;
}): boolean {
  return body.expected_price_usd !== undefined || body.max_price_usd !== undefined || body.quote_id !== undefined;
}

export function premiumRefusal(price: Units): AppError {
  return new AppError(
    'price_changed',
    "This is a premium name: agree to its price with 'expected_price_usd', 'max_price_usd' or 'quote_id'.",
    { details: usdDetail(price) },
  );
}

/** The product's reasons to refuse. They are checked after cap and balance. */
function refusalOf(check: NameCheck, isOwned: boolean, isAgreed: boolean, price: Units): AppError | null {
  if (check.status === 'unknown')
    return new AppError(
      'supplier_error',
      'The availability of this name could not be found out; nothing was charged. Try again.',
    );
  if (check.status === 'reserved') return new AppError('not_available', 'This name is reserved by its registry.');
  if (check.status === 'taken')
    return isOwned ? new AppError('already_owned') : new AppError('not_available', 'This name is taken.');
  return check.premium && !isAgreed ? premiumRefusal(price) : null;
}

function attempt<T>(work: () => T): T | AppError {
  try {
    return work();
  } catch (err) {
    if (err instanceof AppError) return err;
    throw err;
  }
}
