// Turns the body of a transfer into what the purchase engine needs.
import { z } from 'zod';
import { AppError, invalid } from '@lumi/shared/contract';
import { sealSecret } from '@lumi/shared/keys';
import { costLine, purchaseFields, type Offer } from '@lumi/shared/purchase';
import type { DomainsDeps } from '../deps';
import { readDomainName } from '../names/domain-name';
import { existingContacts } from '../store/contact-store';
import { findDomain } from '../store/domain-store';
import type { NameCheck } from '../supplier/registrar';
import { NO_CONTACTS, checkWishes, holdingFields, readContacts, readNameservers } from './holding-wishes';
import { domainField, hasConsent, nameserversField, premiumRefusal, type Purpose } from './registration';
import { transferInThing, authCodeBinding, type TransferItem } from './transfer-in';

export const transferBody = z.object({
  domain: domainField,
  auth_code: z
    .string()
    .min(1)
    .max(255)
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')
    .optional()
    .describe('From the registrar the name is held at; required where the TLD has auth codes.'),
  nameservers: z
    .union([z.literal('keep'), nameserversField])
    .optional()
    .describe('Absent: `keep`.'),
  ...holdingFields,
  ...purchaseFields,
});
export type TransferBody = z.output<typeof transferBody>;

export async function transferIn(
  domains: DomainsDeps,
  accountId: string,
  body: TransferBody,
  purpose: Purpose = 'purchase',
): Promise<Offer> {
  await domains.catalogue.ready();
  const reading = readDomainName(body.domain, domains.catalogue);
  if (reading.kind !== 'name') throw invalid('domain', reading.reason);
  const { name, unicode, tld } = reading;
  checkWishes(body, tld);
  if (purpose === 'purchase' && body.auth_code === undefined && tld.auth_code_required)
    throw new AppError('requirements_missing', undefined, {
      details: [{ path: 'auth_code', message: `is required for .${tld.tld}` }],
    });
  const keep = body.nameservers === undefined || body.nameservers === 'keep';
  const nameservers =
    typeof body.nameservers === 'object' ? readNameservers(body.nameservers, { name, tld, hosts: null }, false) : [];
  const { clock, config } = domains.service;
  const [checks, contacts, own] = await Promise.all([
    domains.registrars.check([reading]),
    existingContacts(domains.db, accountId, body.contact_id === undefined ? [] : [body.contact_id]),
    findDomain(domains.db, { kind: 'account', accountId }, name),
  ]);
  const check = checks.get(name);
  const price = check?.fees?.transfer ?? tld.transfer;
  const item: TransferItem = {
    domain: name,
    unicode,
    tld: tld.tld,
    registrar: tld.registrar,
    years: tld.transfer_years,
    fee: check?.fees === null || check === undefined ? null : price.toString(),
    nameservers,
    keep_nameservers: keep,
    ...(purpose === 'quote' ? NO_CONTACTS : readContacts(body, tld, contacts, clock.nowMs())),
    auth_code:
      body.auth_code === undefined
        ? ''
        : sealSecret(config.SECRET_RING, authCodeBinding(name), body.auth_code).toString('base64'),
    privacy: body.privacy ?? tld.privacy,
    locked: body.locked ?? tld.lock,
    auto_renew: body.auto_renew ?? false,
    premium_renew: check?.premium === true && check.fees !== null ? check.fees.renew.toString() : null,
    premium_restore: check?.premium === true && check.fees !== null ? check.fees.restore.toString() : null,
  };
  const isUnagreed = check?.premium === true && purpose === 'purchase' && !hasConsent(body);
  const refusal = transferRefusal(check, own !== null) ?? (isUnagreed ? premiumRefusal(price) : null);
  return {
    thing: transferInThing(domains),
    item,
    subject: name,
    lockKey: name,
    refusal,
    terms: { facts: { domain: name, years: tld.transfer_years }, cost: [costLine(`Transfer of ${unicode}`, price)] },
  };
}

/** Why a name cannot be transferred in, as far as we can know before we ask its registrar. */
export function transferRefusal(check: NameCheck | undefined, isOwn: boolean): AppError | null {
  if (isOwn) return new AppError('already_owned');
  if (check === undefined || check.status === 'unknown')
    return new AppError(
      'supplier_error',
      'The state of this name could not be found out; nothing was charged. Try again.',
    );
  if (check.status === 'available')
    return new AppError('not_available', 'This name is not registered: buy it instead of transferring it.');
  return check.status === 'reserved' ? new AppError('not_available', 'This name is reserved by its registry.') : null;
}
