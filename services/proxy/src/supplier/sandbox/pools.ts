// The exits of the sandbox's pools: 64 for each pool and country.
import { placeCode } from '../../catalogue/place-code';
import { PRODUCTS } from '../../catalogue/products';
import { poolAddress } from './addresses';
import { PLACES } from './places';

const PER_COUNTRY = 64;

export interface PoolExit {
  readonly address: string;
  readonly country: string;
  readonly region: string | null;
  readonly city: string | null;
  readonly asn: number | null;
}

let made: Readonly<Record<string, readonly PoolExit[]>> | null = null;

/** They are always the same. Places are written as in user names. */
export function poolsOfSandbox(): Readonly<Record<string, readonly PoolExit[]>> {
  made ??= Object.fromEntries(
    PRODUCTS.filter(({ shape }) => shape === 'traffic').map(({ id }, poolIndex) => [
      id,
      PLACES.flatMap((place, placeIndex) =>
        Array.from({ length: PER_COUNTRY }, (_, i) => {
          const city = placeCode(place.cities[i % place.cities.length] ?? place.name);
          return {
            address: poolAddress((poolIndex * PLACES.length + placeIndex) * PER_COUNTRY + i),
            country: place.country,
            region: city,
            city,
            asn: place.asn,
          };
        }),
      ),
    ]),
  );
  return made;
}
