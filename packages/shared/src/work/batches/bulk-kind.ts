// What a product provides for one bulk endpoint that buys. All else (envelope, batch, workers, retries, answers) is
// equal for all products.
import type { z } from 'zod';
import type { AppError, ErrorCode } from '../../ground/contract';
import type { Offer, PurchaseBody } from '../purchase';

export interface BulkIdentity {
  /** The subject of the item; its `ref` when the caller gave none. */
  readonly subject: string;
  /**
   * Two items with the same value are the same purchase, and only the first is executed. Null when equal items are
   * separate purchases.
   */
  readonly once: string | null;
}

export interface BulkKind {
  /** Kebab case. It is the operation id and is stored on batches, so it never changes. */
  readonly id: string;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  /** Schema of the single purchase's body, with `purchaseFields`. */
  readonly item: z.ZodObject;
  /** The field that names the item's subject. An invalid item without a `ref` is shown under its value. */
  readonly about?: string;
  readonly itemExample: Readonly<Record<string, unknown>>;
  /** Refusals of single items, for the documentation. */
  readonly errors?: readonly ErrorCode[];
  /** Loads the data for `identify` and `prepare`. */
  ready?(): Promise<unknown>;
  /** Reads nothing but the body. Throws `AppError` when the body names no subject. */
  identify(body: never): BulkIdentity;
  /** One offer or one refusal per body, in their order. The bodies are those of one account; a few at a time. */
  prepare(accountId: string, bodies: readonly never[]): Promise<readonly (Offer | AppError)[]>;
}

export function bulkKind<S extends z.ZodObject>(
  definition: Omit<BulkKind, 'item' | 'identify' | 'prepare'> & {
    item: S;
    identify(body: z.output<S>): BulkIdentity;
    prepare(accountId: string, bodies: readonly z.output<S>[]): Promise<readonly (Offer | AppError)[]>;
  },
): BulkKind {
  return definition as unknown as BulkKind; // the frame parses bodies with the same schema
}

export type BulkItemBody = PurchaseBody;
