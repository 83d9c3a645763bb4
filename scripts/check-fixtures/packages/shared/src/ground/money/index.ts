// must fail: no-restricted-syntax: parseUsd
import { contractOf } from '../contract/index';

export const amount = 5n;
export const asFloat = (text: string): number => parseFloat(text);
export const asNumber = (text: string): number => Number(text);
export const asSign = (text: string): number => +text;
export const again = (): bigint => contractOf();
