// What a client is made with, checked once. Messages never repeat a value: it may be a key.
import type { Fetch } from './transport';
import type { Signing } from './signing';

export interface LumiOptions {
  readonly apiKey: string;
  /** The address of the gateway, such as `https://api.example.com`. */
  readonly baseUrl: string;
  /** Of a key that signs. */
  readonly signingSecret?: string;
  /** The version that the key was issued with; `v1` if absent. */
  readonly signing?: Signing;
  /** 0 to 10; 2 if absent. */
  readonly maxRetries?: number;
  /** For each try; 60000 if absent. */
  readonly timeoutMs?: number;
  readonly fetch?: Fetch;
}

export interface Product {
  readonly title: string;
  readonly base: string;
  readonly keyPrefix: string;
}

export const DOMAINS: Product = { title: 'LumiDomains', base: '/api/v1', keyPrefix: 'lumi_domains_' };
export const HOSTING: Product = { title: 'LumiHosting', base: '/hosting/api/v1', keyPrefix: 'lumi_vps_' };
export const PROXY: Product = { title: 'LumiProxy', base: '/proxy/api/v1', keyPrefix: 'lumi_proxy_' };

const RETRIES_MAX = 10;
const TIMEOUT_MAX_MS = 600_000;
const HEADER_SAFE = /^[\x21-\x7e]+$/;
const KEY_SHAPE = /^[\x21-\x7e]{8,200}$/;

export interface Settings {
  readonly apiKey: string;
  readonly signingSecret: string | null;
  readonly signing: Signing;
  readonly base: string;
  readonly maxRetries: number;
  readonly timeoutMs: number;
  readonly fetch: Fetch;
}

export function readSettings(product: Product, options: LumiOptions): Settings {
  const { apiKey, signingSecret, signing = 'v1', fetch = globalThis.fetch } = options;
  if (typeof apiKey !== 'string' || !HEADER_SAFE.test(apiKey))
    throw new TypeError('apiKey must be the key as Lumi showed it.');
  const owner = [DOMAINS, HOSTING, PROXY].find(({ keyPrefix }) => apiKey.startsWith(keyPrefix));
  if (owner !== undefined && owner !== product)
    throw new TypeError(`The key belongs to another product: use ${owner.title}.`);
  if (signingSecret !== undefined && (typeof signingSecret !== 'string' || signingSecret === ''))
    throw new TypeError('signingSecret must be the secret as Lumi showed it.');
  if (signing !== 'v1' && signing !== 'v2') throw new TypeError("signing must be 'v1' or 'v2'.");
  if (typeof fetch !== 'function') throw new TypeError('fetch must be a function: this platform has none of its own.');
  return {
    apiKey,
    signingSecret: signingSecret ?? null,
    signing,
    base: originOf(options.baseUrl) + product.base,
    maxRetries: retries(options.maxRetries ?? 2),
    timeoutMs: timeout(options.timeoutMs ?? 60_000),
    // Called without an object: a browser's fetch refuses another one than the window.
    fetch: (input, init) => fetch(input, init),
  };
}

/** The part before the product's own path, which may be given with it. */
function originOf(baseUrl: unknown): string {
  let url: URL | null = null;
  try {
    url = new URL(String(baseUrl));
  } catch {
    // Said below.
  }
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new TypeError('baseUrl must be the address of the gateway, such as https://api.example.com.');
  return url.origin + url.pathname.replace(/\/+$/, '').replace(/(\/hosting|\/proxy)?\/api\/v1$/, '');
}

export function retries(value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= RETRIES_MAX) return value as number;
  throw new TypeError(`maxRetries must be a whole number from 0 to ${String(RETRIES_MAX)}.`);
}

export function timeout(value: unknown): number {
  if (typeof value === 'number' && value > 0 && value <= TIMEOUT_MAX_MS) return value;
  throw new TypeError(`timeoutMs must be a number above 0, and ${String(TIMEOUT_MAX_MS)} at most.`);
}

export function idempotencyKey(value: unknown): string {
  if (typeof value === 'string' && KEY_SHAPE.test(value)) return value;
  throw new TypeError('idempotencyKey must have 8 to 200 printable characters without spaces.');
}

/** 128 random bits. */
export function freshKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `lumi-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
