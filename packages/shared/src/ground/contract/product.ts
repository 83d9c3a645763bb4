// The three products: their internal names, public base paths, key prefixes and scopes.

export const PRODUCTS = ['domains', 'vps', 'proxy'] as const;
export type Product = (typeof PRODUCTS)[number];

export const BASE_PATHS: Readonly<Record<Product, string>> = {
  domains: '/api/v1',
  vps: '/hosting/api/v1',
  proxy: '/proxy/api/v1',
};

/** `any` = every valid key; `public` = no key at all; the rest are scopes of the contract. */
export type RouteScope = 'read' | 'write' | 'buy' | 'deposits:write' | 'admin:*' | 'any' | 'public';

/** `read` on the domains service is `domains:read`; account-wide scopes keep their name. */
export function scopeName(product: Product, scope: RouteScope): string {
  return scope === 'read' || scope === 'write' || scope === 'buy' ? `${product}:${scope}` : scope;
}

/** The scopes a reseller key of this product may hold. */
export function resellerScopes(product: Product): readonly string[] {
  return [`${product}:read`, `${product}:write`, `${product}:buy`, 'deposits:write'];
}
