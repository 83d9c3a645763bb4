// From the body of a transfer to what the purchase engine needs.
import { z } from 'zod';
import { AppError, invalid } from '@lumi/shared/contract';
import { sealSecret } from '@lumi/shared/keys';
import { purchaseFields } from '@lumi/shared/purchase';
import type { Domains } from '../domains';
import { readDomainName } from '../names/domain-name';
import { existingContacts } from '../store/contact-store';
import { findDomain } from '../store/domain-store';
import type { NameCheck } from '../supplier/registrar';
import { usdDetail } from './holding';
import { checkWishes, domainField, holdingFields, nameserversField, readContacts, readNameservers, type ProductPart } from './registration';
import { authCodeBinding, type TransferItem } from './transfer-in';

export const transferBody = z.object({
  domain: domainField,
  auth_code: z.string().min(1).max(255).regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces').optional().describe('From the registrar the name is held at; required where the TLD has auth codes.'),
  nameservers: z.union([z.literal('keep'), nameserversField]).optional().describe('Absent: `keep`.'),
  ...holdingFields, ...purchaseFields,
});
export type TransferBody = z.output<typeof transferBody>;

export async function transferIn(domains: Domains, accountId: string, body: TransferBody): Promise<ProductPart> {
  await domains.catalogue.ready();
  const reading = readDomainName(body.domain, domains.catalogue);
  if (reading.kind !== 'name') throw invalid('domain', reading.reason);
  const { name, unicode, tld } = reading;
  checkWishes(body, tld);
  if (body.auth_code === undefined && tld.authCodeRequired) throw new AppError('requirements_missing', undefined, { details: [{ path: 'auth_code', message: `is required for .${tld.tld}` }] });
  const keep = body.nameservers === undefined || body.nameservers === 'keep';
  const nameservers = typeof body.nameservers === 'object' ? readNameservers(body.nameservers, tld, false) : [];
  const { db: { platform }, clock, config } = domains.service;
  const [checks, contacts, own] = await Promise.all([
    domains.registrars.check([reading]), existingContacts(platform, accountId, body.contact_id === undefined ? [] : [body.contact_id]), findDomain(platform, { kind: 'account', accountId }, name),
  ]);
  const check = checks.get(name);
  const price = check?.fees?.transfer ?? tld.transfer;
  const item: TransferItem = {
    domain: name, unicode, tld: tld.tld, registrar: tld.registrar, years: tld.transferYears, fee: check?.fees === null || check === undefined ? null : price.toString(), nameservers, keep_nameservers: keep,
    ...readContacts(body, tld, contacts, clock.nowMs()),
    auth_code: body.auth_code === undefined ? '' : sealSecret(config.SECRET_RING, authCodeBinding(name), body.auth_code).toString('base64'),
    privacy: body.privacy ?? tld.privacy, locked: body.lock ?? tld.lock, auto_renew: body.auto_renew ?? false,
    premium_renew: check?.premium === true && check.fees !== null ? check.fees.renew.toString() : null, premium_restore: check?.premium === true && check.fees !== null ? check.fees.restore.toString() : null,
  };
  const refusal = transferRefusal(check, own !== null) ?? premiumRefusal(check, body, price);
  return { thing: domains.things.transfer, item, subject: name, lockKey: name, price, refusal };
}

/** Why a name cannot come here, as far as anybody can tell before asking its registrar. */
export function transferRefusal(check: NameCheck | undefined, isOwn: boolean): AppError | null {
  if (isOwn) return new AppError('already_owned');
  if (check === undefined || check.status === 'unknown') return new AppError('supplier_error', 'The state of this name could not be found out; nothing was charged. Try again.');
  if (check.status === 'available') return new AppError('not_available', 'This name is not registered: buy it instead of transferring it.');
  return check.status === 'reserved' ? new AppError('not_available', 'This name is reserved by its registry.') : null;
}

function premiumRefusal(check: NameCheck | undefined, body: TransferBody, price: bigint): AppError | null {
  const hasConsent = body.expected_price_usd !== undefined || body.max_price_usd !== undefined;
  return check?.premium === true && !hasConsent ? new AppError('price_changed', "This is a premium name: agree to its price with 'expected_price_usd' or 'max_price_usd'.", { details: usdDetail(price) }) : null;
}
