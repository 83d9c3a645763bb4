// What an endpoint's handler receives and returns.
import type { z } from 'zod';
import type { RouteSpec } from '../../ground/contract';
import type { Claim } from '../../base/idempotency';
import type { Principal } from '../../base/principal';

/**
 * Which rows a request may see. Every query of a store takes one. `all` must be written explicitly, and only operators
 * get it.
 */
export type Reach = { readonly kind: 'account'; readonly accountId: string } | { readonly kind: 'all' };

/** The reach as a condition of the typed client. */
export function ownedBy(reach: Reach): { readonly account_id?: string } {
  return reach.kind === 'account' ? { account_id: reach.accountId } : {};
}

export interface RequestContext<P = unknown, Q = unknown, B = unknown> {
  readonly principal: Principal;
  readonly requestId: string;
  readonly reach: Reach;
  /** The account of `reach`. Throws 422 when an operator named none. Money routes always have one. */
  readonly accountId: string;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly rawBody: Buffer;
  /** Present on money requests that are not dry runs, and on guarded requests that name an Idempotency-Key. */
  readonly claim: Claim | null;
  readonly dryRun: boolean;
  /** Aborted when the caller has gone away before its answer. */
  readonly gone: AbortSignal;
  /** `Prefer: respond-async` (RFC 7240). */
  readonly preferAsync: boolean;
  readonly clientIp: string | null;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** State of the regular limit, as the gateway counted it for this request. */
  readonly regularRemaining: { readonly remaining: number; readonly resetS: number } | null;
  /** The OpenAPI document of all mounted endpoints, as JSON. */
  readonly apiDocument: Uint8Array;
}

export interface Reply {
  readonly status: number;
  /** Serialised once, as JSON. */
  readonly body?: unknown;
  /** Sent unchanged: stored answers, pages, exports. */
  readonly bytes?: Uint8Array;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of a guarded request: its claim was committed together with its effect. */
  readonly isRemembered?: true;
}

export type Handler<P, Q, B> = (context: RequestContext<P, Q, B>) => Promise<Reply> | Reply;

/** The data that are known before the money limit is checked. */
export interface Asked<P, B> {
  readonly reach: Reach;
  readonly params: P;
  readonly body: B;
}

/**
 * How many money tokens a request costs, when it is neither one nor one per item of its body. At least one is taken.
 */
export type MoneyTokens<P, B> = (asked: Asked<P, B>) => Promise<number>;

export interface Endpoint {
  readonly route: RouteSpec;
  readonly handler: Handler<never, never, never>;
  readonly moneyTokens?: MoneyTokens<never, never>;
}

/** Joins a declaration and its handler, so that the handler's types come from the schemas. */
export function endpoint<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType>(
  route: RouteSpec<P, Q, B>,
  handler: Handler<z.output<P>, z.output<Q>, z.output<B>>,
  moneyTokens?: MoneyTokens<z.output<P>, z.output<B>>,
): Endpoint {
  return {
    route: route as unknown as RouteSpec,
    handler: handler as unknown as Handler<never, never, never>,
    ...(moneyTokens === undefined ? {} : { moneyTokens }),
  }; // mount joins them again and validates with the same schemas
}

export function json(status: number, body: unknown, headers?: Readonly<Record<string, string>>): Reply {
  return headers === undefined ? { status, body } : { status, body, headers };
}
