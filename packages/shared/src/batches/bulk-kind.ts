// What a product hands in for one bulk endpoint that buys. Everything else (envelope, batch, workers, retries, answers)
// is the same for all.
import type { z } from 'zod';
import type { AppError, ErrorCode } from '../contract';
import type { Offer, PurchaseBody } from '../purchase';

export interface BulkIdentity {
  /** What the item is about; its `ref` where the caller gave none. */
  readonly subject: string;
  /**
   * Two items with the same value are the same purchase, and only the first is executed; null where twins are two
   * purchases.
   */
  readonly once: string | null;
}

export interface BulkKind {
  /** Kebab case; the operation id, and stored on batches: it never changes. */
  readonly id: string;
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  /** Schema of the single purchase's body, with `purchaseFields`. */
  readonly item: z.ZodObject;
  /**
   * The field that says what an item is about: an item that is wrong is called by it where the caller gave no `ref`.
   */
  readonly about?: string;
  readonly itemExample: Readonly<Record<string, unknown>>;
  /** Refusals of single items, for the documentation. */
  readonly errors?: readonly ErrorCode[];
  /** Loads what `identify` and `prepare` need. */
  ready?(): Promise<unknown>;
  /** Reads no further than the body; throws `AppError` for one that names nothing. */
  identify(body: never): BulkIdentity;
  /** One part or one refusal per body, in their order. The bodies are those of one account; a few at a time. */
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
