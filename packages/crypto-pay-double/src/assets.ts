// The currencies the double knows and the fixed rates it uses. Real rates move; tests must not.

export const ASSETS = ['USDT', 'TON', 'BTC', 'ETH', 'LTC', 'BNB', 'TRX', 'USDC'] as const;

export const FIATS = [
  'USD',
  'EUR',
  'RUB',
  'BYN',
  'UAH',
  'GBP',
  'CNY',
  'KZT',
  'UZS',
  'GEL',
  'TRY',
  'AMD',
  'THB',
  'INR',
  'BRL',
  'IDR',
  'AZN',
  'AED',
  'PLN',
  'ILS',
] as const;

export type Asset = (typeof ASSETS)[number];
export type Fiat = (typeof FIATS)[number];

export const USD_RATE: Record<Asset, string> = {
  USDT: '1',
  USDC: '1',
  TON: '3.2',
  BTC: '90000',
  ETH: '3000',
  LTC: '80',
  BNB: '800',
  TRX: '0.25',
};

export const USD_PER_FIAT: Record<Fiat, string> = {
  USD: '1',
  EUR: '1.1',
  RUB: '0.0125',
  BYN: '0.3',
  UAH: '0.025',
  GBP: '1.25',
  CNY: '0.14',
  KZT: '0.002',
  UZS: '0.00008',
  GEL: '0.37',
  TRY: '0.025',
  AMD: '0.0025',
  THB: '0.03',
  INR: '0.012',
  BRL: '0.18',
  IDR: '0.00006',
  AZN: '0.588',
  AED: '0.272',
  PLN: '0.25',
  ILS: '0.27',
};

export function isAsset(text: string): text is Asset {
  return (ASSETS as readonly string[]).includes(text);
}

export function isFiat(text: string): text is Fiat {
  return (FIATS as readonly string[]).includes(text);
}
