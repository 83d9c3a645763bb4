// must fail: purchases-below-endpoints
// must fail: no-restricted-syntax: parseUsd
import { forgotten } from '../endpoints/forgotten';

export const register = Number(forgotten);
