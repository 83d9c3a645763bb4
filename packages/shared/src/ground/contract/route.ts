// One endpoint, declared once. The router, the validation and the OpenAPI document (and with it the gateway's routing)
// are made from this declaration. A declaration without a scope does not compile and does not start.
import type { z } from 'zod';
import type { ErrorCode } from './error-codes';
import type { RouteScope } from './product';

/**
 * `money` moves money. `guarded` leads to money without moving it: a key that signs must sign it and send an
 * Idempotency-Key, but the money switch and the money limit do not apply.
 */
export type RouteClass = 'regular' | 'guarded' | 'money';
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface ResponseSpec {
  readonly description: string;
  /** Of the JSON answer; absent when there is none (pages, exports). */
  readonly schema?: z.ZodType;
  /** Media types other than JSON that the answer can have, alone or besides JSON. */
  readonly contentType?: string | readonly string[];
  /** Made from the schema when absent. */
  readonly example?: unknown;
  /** Fields in which this answer differs from the schema's example. */
  readonly exampleWith?: Readonly<Record<string, unknown>>;
  /** Headers of this answer beyond those of every answer. */
  readonly headers?: readonly string[];
}

export interface RouteSpec<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodType = z.ZodType,
> {
  /** Kebab case; equals the file name and becomes the operationId. */
  readonly id: string;
  readonly method: Method;
  /** OpenAPI form: `/domains/{domain}/renew`. Relative to the product's base path. */
  readonly path: string;
  /** Short, imperative; the title of the operation in the docs. */
  readonly summary: string;
  readonly description: string;
  readonly tag: string;
  /** One scope, or several of which one suffices. */
  readonly scope: RouteScope | readonly RouteScope[];
  readonly class: RouteClass;
  /**
   * Whose data: `account` works on one account (a reseller's own; an operator names `user_id`, required for money,
   * optional for reads, where absent means all accounts). `none` is the same for all callers (catalogues).
   */
  readonly reach: 'account' | 'none';
  /** The path in the body of the list of items of a bulk request; each item costs one money token. */
  readonly bulk?: string;
  /** The path in the body of a list in a request that is not a bulk: the list is answered, or refused, as a whole. */
  readonly list?: string;
  /** Maximum size of the body; 64 KiB if absent, 1 MiB for a bulk. */
  readonly bodyBytesMax?: number;
  /** Money routes that take `?dry_run=true`; with it the request is not a money request. */
  readonly dryRun?: boolean;
  /**
   * Where the body can say `auto_renew: true`, as paths such as `change.auto_renew`; a list in the path means each of
   * its items. Such a request commits future money: it needs the scopes `buy` and `write`, and it is guarded even when
   * the route is regular.
   */
  readonly autoRenew?: readonly string[];
  /** The handler reads the bytes itself (webhooks, forms); no JSON is parsed. */
  readonly rawBody?: boolean;
  /** `user_id` is a field of the route itself (admin), not the account it works on. */
  readonly keepsUserId?: boolean;
  /**
   * Path parameters that take any text, also encoded separators (`%2F`). In all other parameters an encoded separator
   * matches nothing.
   */
  readonly anyText?: readonly string[];
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly bodyExample?: unknown;
  readonly responses: Readonly<Record<number, ResponseSpec>>;
  /** Its refusals beyond those of every route of its class. */
  readonly errors?: readonly ErrorCode[];
}

const BODY_BYTES_MAX = 64 * 1024;
/** Up to 500 items. */
const BULK_BYTES_MAX = 1024 * 1024;

/** The maximum body size when the route sets none. */
export function usualBodyBytesMax(isBulk: boolean): number {
  return isBulk ? BULK_BYTES_MAX : BODY_BYTES_MAX;
}

export function defineRoute<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType>(
  spec: RouteSpec<P, Q, B>,
): RouteSpec<P, Q, B> {
  return spec;
}
