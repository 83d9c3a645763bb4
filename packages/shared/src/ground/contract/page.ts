// Cursor pages: keyset, never offset. A cursor is opaque, signed, and bound to account, route and filter. Any other
// cursor gets the same 422.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { invalid } from './app-error';

export const PAGE_LIMIT_DEFAULT = 50;
export const PAGE_LIMIT_MAX = 200;

/** Query fields of every list endpoint. `limit` arrives as text; outside 1-200 is a 422. */
export const pageQuery = z.object({
  limit: z
    .string()
    .regex(/^([1-9]\d?|1\d\d|200)$/, 'must be a whole number from 1 to 200')
    .optional()
    .describe('Items per page, 1 to 200; 50 if absent.'),
  cursor: z.string().max(1024).optional().describe('`next_cursor` of the page before.'),
});

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    next_cursor: z.string().nullable(),
    has_more: z.boolean(),
  });
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
  readonly has_more: boolean;
}

/** What a cursor is bound to: the same position under another binding is refused. */
export interface CursorBinding {
  readonly account: string | null;
  readonly route: string;
  /** All query fields that select or order, without limit and cursor. */
  readonly filter: Readonly<Record<string, unknown>>;
}

/** The sort position of the last row of a page: text values in the order of the sort columns. */
export type Position = readonly string[];

export class Cursors {
  constructor(private readonly secret: string) {}

  encode(position: Position, binding: CursorBinding): string {
    const payload = Buffer.from(JSON.stringify(position), 'utf8');
    return Buffer.concat([this.mac(payload, binding), payload]).toString('base64url');
  }

  /** Throws 422 for every cursor of another list, and for every changed one. */
  decode(cursor: string, binding: CursorBinding): Position {
    const bytes = Buffer.from(cursor, 'base64url');
    const payload = bytes.subarray(16);
    const genuine =
      bytes.length > 16 &&
      bytes.toString('base64url') === cursor &&
      timingSafeEqual(bytes.subarray(0, 16), this.mac(payload, binding));
    if (!genuine) throw invalid('cursor', 'is not a cursor of this list');
    return JSON.parse(payload.toString('utf8')) as Position; // ours: the MAC was just checked
  }

  private mac(payload: Buffer, binding: CursorBinding): Buffer {
    const filter = Object.entries(binding.filter)
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return createHmac('sha256', this.secret)
      .update(JSON.stringify([binding.account, binding.route, filter]))
      .update('\0')
      .update(payload)
      .digest()
      .subarray(0, 16);
  }
}

export interface PageRequest {
  readonly limit: number;
  readonly after: Position | null;
}

export function readPage(
  query: { limit?: string | undefined; cursor?: string | undefined },
  cursors: Cursors,
  binding: CursorBinding,
): PageRequest {
  return {
    limit: query.limit === undefined ? PAGE_LIMIT_DEFAULT : Number.parseInt(query.limit, 10),
    after: query.cursor === undefined ? null : cursors.decode(query.cursor, binding),
  };
}

/** Rows must have been read with `limit + 1`: the extra row only shows that there are more. */
export function toPage<R, T>(
  rows: readonly R[],
  request: PageRequest,
  cursors: Cursors,
  binding: CursorBinding,
  position: (row: R) => Position,
  view: (row: R) => T,
): Page<T> {
  const hasMore = rows.length > request.limit;
  const shown = hasMore ? rows.slice(0, request.limit) : rows;
  const last = shown.at(-1);
  return {
    items: shown.map(view),
    next_cursor: hasMore && last !== undefined ? cursors.encode(position(last), binding) : null,
    has_more: hasMore,
  };
}
