// The form of the generated commands.
export type Product = 'domains' | 'vps' | 'proxy';
export const PRODUCTS: readonly Product[] = ['domains', 'vps', 'proxy'];

export interface Field {
  readonly name: string;
  readonly place: 'query' | 'body';
  readonly type: 'text' | 'number' | 'boolean' | 'texts' | 'json';
  readonly required: boolean;
  readonly choices?: readonly string[];
  readonly text: string;
}

export interface CommandShape {
  /** The operation's id. */
  readonly id: string;
  readonly resource: string;
  readonly method: string;
  readonly summary: string;
  /** As in the client: m for money, d for a dry run, p for pages, u for user_id. */
  readonly flags: string;
  readonly path: readonly string[];
  readonly fields: readonly Field[];
}

export type Commands = Readonly<Record<Product, readonly CommandShape[]>>;
