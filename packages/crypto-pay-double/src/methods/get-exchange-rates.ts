import { ASSETS, FIATS, USD_PER_FIAT, USD_RATE } from '../assets';
import { divideUp, formatDecimal, parseDecimal } from '../decimal';
import type { Method } from './context';

export const getExchangeRates: Method = () =>
  ASSETS.flatMap((source) =>
    FIATS.map((target) => ({
      is_valid: true,
      is_crypto: true,
      is_fiat: false,
      source,
      target,
      rate: formatDecimal(divideUp(parseDecimal(USD_RATE[source]) ?? 0n, parseDecimal(USD_PER_FIAT[target]) ?? 1n)),
    })),
  );
