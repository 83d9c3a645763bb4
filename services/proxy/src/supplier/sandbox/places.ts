// The sandbox network's geography: realistic stock, and test countries (ISO's user-assigned XA–XZ). Each test country
// ends an order in its own way, so that users can test their program's reaction.
import { parseUsd, type Units } from '@lumi/shared/money';
import type { Ending } from './endings';

export interface Place {
  readonly country: string;
  readonly name: string;
  readonly cities: readonly string[];
  readonly asn: number;
  readonly surcharge: Units;
  /** Addresses per product. Other products have none here. */
  readonly capacity: Readonly<Record<string, number>>;
  readonly ending?: Ending;
}

const all = (ipv4: number, isp: number, mobile: number): Record<string, number> => ({
  ipv4,
  ipv4_shared: ipv4 * 2,
  ipv6: 20_000,
  isp,
  mobile,
});
const test = (capacity = 1_000): Record<string, number> => ({
  ipv4: capacity,
  ipv4_shared: capacity,
  ipv6: capacity,
  isp: capacity,
  mobile: capacity,
});

export const PLACES: readonly Place[] = [
  place('US', 'United States', ['New York', 'Los Angeles', 'Dallas'], 64500, '0', all(5_000, 1_200, 60)),
  place('DE', 'Germany', ['Frankfurt', 'Berlin'], 64501, '0', all(3_000, 800, 40)),
  place('GB', 'United Kingdom', ['London', 'Manchester'], 64502, '0.05', all(2_500, 700, 30)),
  place('NL', 'Netherlands', ['Amsterdam'], 64503, '0', all(3_000, 400, 20)),
  place('FR', 'France', ['Paris', 'Marseille'], 64504, '0.05', all(1_500, 500, 25)),
  place('PL', 'Poland', ['Warsaw'], 64505, '0', all(900, 200, 15)),
  place('UA', 'Ukraine', ['Kyiv', 'Lviv'], 64506, '0', all(800, 150, 20)),
  place('TR', 'Türkiye', ['Istanbul'], 64507, '0.10', all(500, 120, 12)),
  place('BR', 'Brazil', ['São Paulo'], 64508, '0.20', all(400, 100, 8)),
  place('IN', 'India', ['Mumbai', 'Delhi'], 64509, '0.15', all(600, 160, 10)),
  place('JP', 'Japan', ['Tokyo', 'Osaka'], 64510, '0.40', all(300, 80, 5)),
  place('SG', 'Singapore', ['Singapore'], 64511, '0.35', all(250, 60, 5)),
  place('XA', 'Test: always delivered', ['Testville'], 64601, '0', test(100_000)),
  place('XB', 'Test: refused by the supplier', ['Testville'], 64602, '0', test(), 'refuse'),
  place('XC', 'Test: sold out between price and delivery', ['Testville'], 64603, '0', test(), 'out-of-stock'),
  place('XD', 'Test: half of it is delivered', ['Testville'], 64604, '0', test(), 'half'),
  place('XE', 'Test: delivered a few seconds later', ['Testville'], 64605, '0', test(), 'pending'),
  place('XF', 'Test: time-out before anything happened', ['Testville'], 64606, '0', test(), 'timeout-before'),
  place('XG', 'Test: time-out after success', ['Testville'], 64607, '0', test(), 'timeout-after'),
  place('XH', 'Test: error after success', ['Testville'], 64608, '0', test(), 'error-after'),
  place('XI', 'Test: accepted, refused later', ['Testville'], 64609, '0', test(), 'pending-refused'),
  place('XJ', 'Test: nobody ever knows', ['Testville'], 64610, '0', test(), 'lost'),
  place('XL', 'Test: slow', ['Testville'], 64611, '0', test(), 'slow'),
  place('XP', 'Test: the price changes every minute', ['Testville'], 64612, '0.01', test()),
  place('XS', 'Test: three in stock', ['Testville'], 64613, '0', test(3)),
  place('XU', 'Test: delivered, but unhealthy', ['Testville'], 64614, '0', test()),
];

export const PRICE_DRIFTS_IN = 'XP';
export const UNHEALTHY_IN = 'XU';

const BY_COUNTRY = new Map(PLACES.map((one) => [one.country, one]));

export function placeOf(country: string): Place | null {
  return BY_COUNTRY.get(country) ?? null;
}

function place(
  country: string,
  name: string,
  cities: readonly string[],
  asn: number,
  surcharge: string,
  capacity: Record<string, number>,
  ending?: Ending,
): Place {
  return {
    country,
    name,
    cities,
    asn,
    surcharge: parseUsd(surcharge),
    capacity,
    ...(ending === undefined ? {} : { ending }),
  };
}
