// Availability and prices of names, in one look-up for all. A failed look-up answers `unknown`, never `taken`.
import { z } from 'zod';
import { mapInTurns } from '@lumi/shared/endpoint';
import { formatUsd, usdOutput } from '@lumi/shared/money';
import { isoSeconds } from '@lumi/shared/runtime';
import { feeForYears } from '../catalogue/fees';
import type { DomainsDeps } from '../deps';
import { readDomainName, type NameReading } from '../names/domain-name';
import type { NameCheck } from '../supplier/registrar';
import { pricesSchema, viewPrices } from './tld-view';

export const checkItemSchema = z
  .object({
    domain: z.string().describe('The name as A-labels; as you sent it when it is not a name.'),
    unicode: z.string(),
    status: z.enum(['available', 'taken', 'reserved', 'invalid', 'unsupported', 'unknown']),
    orderable: z.boolean().describe('Whether `POST /domains` would sell it now.'),
    premium: z
      .boolean()
      .describe(
        'Premium names have prices of their own and are sold only with `expected_price_usd` or `max_price_usd`.',
      ),
    years: z.number().int().nullable(),
    price_usd: usdOutput.nullable().describe('Registration for `years`.'),
    prices: pricesSchema.nullable().describe('For one year.'),
    reason: z.string().nullable(),
    checked_at: z.string(),
    source: z.enum(['registry', 'rules']).describe('`rules`: decided without asking a registry.'),
  })
  .meta({ id: 'DomainCheck' });

export type CheckItem = z.output<typeof checkItemSchema>;

export async function checkNames(
  domains: DomainsDeps,
  texts: readonly string[],
  years: number | undefined,
  limitMs?: number,
): Promise<readonly CheckItem[]> {
  await domains.catalogue.ready();
  const readings = await mapInTurns(texts, (text) => readDomainName(text, domains.catalogue));
  const checks = await domains.registrars.check(
    readings.filter((reading) => reading.kind === 'name'),
    limitMs,
  );
  const checkedAt = isoSeconds(domains.service.clock.now());
  return mapInTurns(readings, (reading, i) => itemOf(reading, texts[i] ?? '', checks, years, checkedAt));
}

function itemOf(
  reading: NameReading,
  text: string,
  checks: ReadonlyMap<string, NameCheck>,
  wantedYears: number | undefined,
  checkedAt: string,
): CheckItem {
  if (reading.kind !== 'name') {
    const shown =
      reading.kind === 'invalid' ? { domain: text, unicode: text } : { domain: reading.name, unicode: reading.unicode };
    return {
      ...shown,
      status: reading.kind,
      orderable: false,
      premium: false,
      years: null,
      price_usd: null,
      prices: null,
      reason: reading.reason,
      checked_at: checkedAt,
      source: 'rules',
    };
  }
  const { name, unicode, tld } = reading;
  const check = checks.get(name) ?? { name, status: 'unknown', premium: false, fees: null };
  const fees = check.fees ?? tld;
  const years = wantedYears ?? tld.years_min;
  const fits = years >= tld.years_min && years <= tld.years_max;
  const hasPrices = check.status !== 'unknown';
  return {
    domain: name,
    unicode,
    status: check.status,
    orderable: check.status === 'available' && fits,
    premium: check.premium,
    years: fits ? years : null,
    price_usd: hasPrices && fits ? formatUsd(feeForYears(fees.register, fees.renew, years)) : null,
    prices: hasPrices ? viewPrices(fees) : null,
    reason: reasonOf(check, fits, tld),
    checked_at: checkedAt,
    source: 'registry',
  };
}

function reasonOf(
  check: NameCheck,
  fits: boolean,
  tld: { tld: string; years_min: number; years_max: number },
): string | null {
  if (check.status === 'unknown') return 'its registry did not answer; ask again';
  if (check.status === 'reserved') return 'is reserved by its registry';
  if (check.status === 'taken') return 'is registered';
  return fits ? null : `.${tld.tld} is sold for ${String(tld.years_min)} to ${String(tld.years_max)} years`;
}
