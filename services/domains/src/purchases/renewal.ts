// Turns the body of a renewal into what the purchase engine needs. It takes many bodies at once, like registration.ts.
import { z } from 'zod';
import { AppError, notFound, orRefusal } from '@lumi/shared/contract';
import { mapInTurns } from '@lumi/shared/endpoint';
import { currentExpiryField, expiryMismatch } from '@lumi/shared/lifecycle';
import { costLine, purchaseFields, type Offer } from '@lumi/shared/purchase';
import { addMonths } from '@lumi/shared/runtime';
import { syncOnce } from '@lumi/shared/sync';
import type { DomainsDeps } from '../deps';
import { readDomainName } from '../names/domain-name';
import { stateAt } from '../portfolio/lifecycle';
import { MISSING_TEXT, type DomainRow } from '../portfolio/domain-row';
import { syncDomain } from '../portfolio/sync-domain';
import { findDomains } from '../store/domain-store';
import { yearsField } from './registration';
import { yearsText } from './holding';
import { renewThing, type RenewItem } from './renew';

export const renewBody = z.object({
  years: yearsField,
  current_expires_at: currentExpiryField,
  ...purchaseFields,
});
type RenewBody = z.output<typeof renewBody>;

/** No domain runs longer than this from now. */
const YEARS_AHEAD = 10;
const MONTHS = 12;

/** `current_expires_at` absent: Lumi itself renews or quotes, with the expiry it reads. */
export interface RenewWish {
  readonly domain: string;
  readonly body: { readonly years?: number | undefined; readonly current_expires_at?: string | undefined };
}

export async function renewals(
  domains: DomainsDeps,
  accountId: string,
  wishes: readonly RenewWish[],
): Promise<readonly (Offer | AppError)[]> {
  await domains.catalogue.ready();
  const names = await mapInTurns(wishes, ({ domain }) => {
    const reading = readDomainName(domain, domains.catalogue);
    return reading.kind === 'name' ? reading.name : null;
  });
  const rows = await findDomains(
    domains.service.db.platform,
    { kind: 'account', accountId },
    names.filter((name) => name !== null),
  );
  const known = await Promise.all(
    wishes.map(async ({ body }, i) => {
      const row = rows.get(names[i] ?? '');
      return row === undefined ? null : asTheRegistryHasIt(domains, row, body);
    }),
  );
  return mapInTurns(wishes, ({ body }, i) => {
    const row = known[i] ?? null;
    return row === null ? notFound() : offerOf(domains, row, body);
  });
}

/**
 * A caller that states another expiry than ours may be right. We ask the registry, at most once a minute for each
 * domain.
 */
async function asTheRegistryHasIt(
  domains: DomainsDeps,
  row: DomainRow,
  { current_expires_at: stated }: RenewWish['body'],
): Promise<DomainRow> {
  if (expiryMismatch(stated, row.expires_at) === null) return row;
  const read = await orRefusal(() =>
    syncOnce(domains.service, { product: 'domains', thing: `domain ${row.name}` }, () =>
      syncDomain(domains, { kind: 'account', accountId: row.account_id }, row.name),
    ),
  );
  return read instanceof AppError ? row : read;
}

export async function renewal(
  domains: DomainsDeps,
  accountId: string,
  domain: string,
  body: RenewBody,
): Promise<Offer> {
  const [offer] = await renewals(domains, accountId, [{ domain, body }]);
  if (offer === undefined || offer instanceof AppError) throw offer ?? new Error('no offer for a body');
  return offer;
}

function offerOf(domains: DomainsDeps, row: DomainRow, body: RenewWish['body']): Offer | AppError {
  const tld = domains.catalogue.get(row.tld);
  const years = body.years ?? tld.years_min;
  if (years > tld.years_max)
    return new AppError('validation_error', undefined, {
      details: [{ path: 'years', message: `must be at most ${String(tld.years_max)} for .${tld.tld}` }],
    });
  const price = (row.premium_renew ?? tld.renew) * BigInt(years);
  const item: RenewItem = {
    domain: row.name,
    unicode: row.unicode,
    tld: row.tld,
    registrar: row.registrar,
    years,
    fee: row.premium_renew === null ? null : price.toString(),
    current_expires_at: row.expires_at.toISOString(),
  };
  return {
    thing: renewThing(domains),
    item,
    subject: row.name,
    lockKey: row.name,
    refusal: refusalOf(domains, row, years, body),
    terms: {
      facts: {
        domain: row.name,
        years,
        state: 'renewable',
        expires_at: row.expires_at.toISOString(),
        premium: row.premium_renew?.toString() ?? null,
      },
      cost: [costLine(`Renewal of ${row.unicode}, ${yearsText(years)}`, price / BigInt(years), { times: years })],
    },
  };
}

function refusalOf(domains: DomainsDeps, row: DomainRow, years: number, body: RenewWish['body']): AppError | null {
  const now = domains.service.clock.now();
  if (row.missing_since !== null) return new AppError('state_conflict', MISSING_TEXT);
  const mismatch = expiryMismatch(body.current_expires_at, row.expires_at);
  if (mismatch !== null) return mismatch;
  const state = stateAt(row, now);
  if (state !== 'active' && state !== 'expired_grace') {
    return new AppError(
      'state_conflict',
      state === 'redemption'
        ? 'The domain is in redemption: it can be restored, not renewed.'
        : `The domain is ${state}; it cannot be renewed.`,
    );
  }
  return addMonths(row.expires_at, MONTHS * years) > addMonths(now, MONTHS * YEARS_AHEAD)
    ? new AppError('state_conflict', `A domain cannot run longer than ${String(YEARS_AHEAD)} years from now.`)
    : null;
}
