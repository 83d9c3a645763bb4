import { ASSETS, FIATS } from '../assets';
import type { Method } from './context';

export const getCurrencies: Method = () => [
  ...ASSETS.map((code) => ({
    is_blockchain: code !== 'USDT' && code !== 'USDC',
    is_stablecoin: code === 'USDT' || code === 'USDC',
    is_fiat: false,
    name: code,
    code,
    decimals: 9,
  })),
  ...FIATS.map((code) => ({
    is_blockchain: false,
    is_stablecoin: false,
    is_fiat: true,
    name: code,
    code,
    decimals: 8,
  })),
];
