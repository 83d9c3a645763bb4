// must fail: purchases-below-operations
// must fail: no-restricted-syntax: parseUsd
import { forgotten } from '../operations/forgotten';

export const register = Number(forgotten);
