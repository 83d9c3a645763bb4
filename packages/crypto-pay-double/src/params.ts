// Parameters arrive in the query, as a form or as JSON, so every value may be text; these readers check shape and name
// the refusal.

import { ApiError } from './api-error';

export type Params = Record<string, unknown>;

/** Numbers are taken as text because client libraries send both `5` and `"5"`. */
export function readText(params: Params, name: string, maxBytes?: number): string | undefined {
  const value = params[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string' && typeof value !== 'number') throw invalid(name);
  const text = String(value);
  if (maxBytes !== undefined && Buffer.byteLength(text) > maxBytes)
    throw new ApiError(400, `${name.toUpperCase()}_TOO_LONG`);
  return text;
}

export function readInteger(params: Params, name: string, range: { min: number; max: number }): number | undefined {
  const text = readText(params, name);
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw invalid(name);
  const value = Number.parseInt(text, 10);
  if (value < range.min || value > range.max) throw invalid(name);
  return value;
}

export function readBoolean(params: Params, name: string, otherwise: boolean): boolean {
  const value = params[name];
  if (value === undefined || value === null || value === '') return otherwise;
  if (value === true || value === 'true' || value === '1' || value === 1) return true;
  if (value === false || value === 'false' || value === '0' || value === 0) return false;
  throw invalid(name);
}

/** A comma-separated list; an array is refused because the real API answers APP_ERROR to one. */
export function readList(params: Params, name: string): string[] | undefined {
  return readText(params, name, 20_000)
    ?.split(',')
    .map((part) => part.trim());
}

export function invalid(name: string): ApiError {
  return new ApiError(400, `${name.toUpperCase()}_INVALID`);
}
