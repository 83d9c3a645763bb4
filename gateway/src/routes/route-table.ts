// The routes of all products, from the services' own OpenAPI documents. They are read at start and polled for changes;
// the last good document is kept. So a new endpoint needs no release of the gateway, and a service that is down keeps
// its routes.
import { PRODUCTS, type Product } from '@lumi/shared/contract';
import type { Log } from '@lumi/shared/runtime';
import { Matcher } from './matcher';
import { readOperations, type Match } from './operation';

export interface FetchedDocument {
  /** Null: unchanged since the ETag that was sent. */
  readonly text: string | null;
  readonly etag: string | null;
}

export type FetchDocument = (product: Product, etag: string | null) => Promise<FetchedDocument>;

interface ServiceRoutes {
  matcher: Matcher | null;
  operations: number;
  etag: string | null;
  text: string;
  /** Reads in a row that found what was known. */
  unchanged: number;
  /** The last faults that were logged, so that the log has each once. */
  complaint: string;
}

const FIRST_POLL_MS = 250;
const SLOWEST = 4;

/** A document that stays as it is is asked for less and less often, to a quarter: one that changes may change again. */
export function pauseMs(pollMs: number, unchanged: number): number {
  return Math.round(pollMs * Math.min(SLOWEST, 1 + unchanged / 4));
}

export class RouteTable {
  private readonly services = new Map<Product, ServiceRoutes>(
    PRODUCTS.map((product) => [
      product,
      { matcher: null, operations: 0, etag: null, text: '', unchanged: 0, complaint: '' },
    ]),
  );
  private readonly timers = new Map<Product, NodeJS.Timeout>();
  private isStopped = false;

  constructor(
    private readonly deps: { readonly fetchDocument: FetchDocument; readonly log: Log; readonly pollMs: number },
  ) {}

  match(product: Product, method: string, path: string): Match {
    return this.services.get(product)?.matcher?.match(method, path) ?? { kind: 'away' };
  }

  get isComplete(): boolean {
    return [...this.services.values()].every((service) => service.matcher !== null);
  }

  /** How many are served; 0 while its document was never loaded. */
  operationsOf(product: Product): number {
    return this.services.get(product)?.operations ?? 0;
  }

  /** Empty while it was never loaded. */
  documentOf(product: Product): string {
    return this.services.get(product)?.text ?? '';
  }

  /** Reads all documents once (resolves when each attempt has ended), and polls for changes from then on. */
  async start(): Promise<void> {
    await Promise.all(PRODUCTS.map((product) => this.poll(product)));
  }

  stop(): void {
    this.isStopped = true;
    for (const timer of this.timers.values()) clearTimeout(timer);
  }

  async refresh(product: Product): Promise<void> {
    const service = this.services.get(product);
    if (service === undefined) return;
    try {
      const { text, etag } = await this.deps.fetchDocument(product, service.etag);
      const isNew = text !== null && text !== service.text;
      if (isNew) this.adopt(product, service, text);
      service.unchanged = isNew ? 0 : service.unchanged + 1;
      service.etag = etag;
      service.complaint = '';
    } catch (err) {
      service.unchanged = 0;
      if (this.isStopped) return; // the stop closed the connection
      this.complain(product, service, 'the OpenAPI document of a service could not be read', err);
    }
  }

  private adopt(product: Product, service: ServiceRoutes, text: string): void {
    const { operations, refused } = readOperations(product, JSON.parse(text));
    service.matcher = new Matcher(operations);
    service.operations = operations.length;
    service.text = text;
    this.deps.log.info('routes loaded', { product, operations: operations.length });
    if (refused.length > 0) this.deps.log.error('operations were refused', { product, refused });
  }

  private complain(product: Product, service: ServiceRoutes, sentence: string, err: unknown): void {
    const complaint = err instanceof Error ? err.message : String(err);
    if (complaint === service.complaint) return;
    service.complaint = complaint;
    this.deps.log.warn(sentence, { product, has_routes: service.matcher !== null, reason: complaint });
  }

  private async poll(product: Product): Promise<void> {
    await this.refresh(product);
    if (this.isStopped) return;
    const service = this.services.get(product);
    const delayMs = service?.matcher === null ? FIRST_POLL_MS : pauseMs(this.deps.pollMs, service?.unchanged ?? 0);
    this.timers.set(product, setTimeout(() => void this.poll(product), delayMs).unref());
  }
}
