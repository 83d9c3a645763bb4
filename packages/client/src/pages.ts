// A list, read page by page as it is asked for.
import { LumiError } from './errors';

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next_cursor: string | null;
}

export class LumiPages<Item> implements AsyncIterable<Item> {
  readonly #read: (cursor: string | null) => Promise<Page<Item>>;

  constructor(read: (cursor: string | null) => Promise<Page<Item>>) {
    this.#read = read;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const { items } of this.pages()) yield* items;
  }

  /** Page by page, as the API answers. */
  async *pages(): AsyncGenerator<Page<Item>, void, undefined> {
    let cursor: string | null = null;
    do {
      const page: Page<Item> = await this.#read(cursor);
      yield page;
      // A cursor that leads back to itself would never end.
      if (page.next_cursor !== null && page.next_cursor === cursor) throw repeated();
      cursor = page.next_cursor;
    } while (cursor !== null);
  }
}

function repeated(): LumiError {
  return new LumiError({
    status: 200,
    code: 'unexpected_answer',
    message: 'The list gave the same cursor twice.',
    details: [],
    requestId: null,
    retryAfter: null,
    isRetrySafe: true,
    idempotencyKey: null,
  });
}
