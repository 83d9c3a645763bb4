// The TLDs we sell, with the rules of their registries and our prices. They are rows of the database, kept in memory
// for a few seconds. A new price needs no restart; a request that still read the old price is charged the old price.
import type { Clock } from '@lumi/shared/runtime';
import type { PrismaClient } from '../generated/db/client';
import type { TldModel } from '../generated/db/models';
import { readContactRules, type ContactRule } from './contact-rules';

export interface Tld extends Omit<TldModel, 'contact_rules'> {
  readonly contact_rules: readonly ContactRule[];
}

const FRESH_MS = 5_000;

export class Catalogue {
  private tlds: ReadonlyMap<string, Tld> = new Map();
  private loadedAtMs = Number.NEGATIVE_INFINITY;
  private loading: Promise<void> | null = null;

  constructor(
    private readonly db: Pick<PrismaClient, 'tld'>,
    private readonly clock: Clock,
  ) {}

  /** Loads or refreshes. Await it before you use `find` in a request. */
  async ready(): Promise<void> {
    if (Math.abs(this.clock.nowMs() - this.loadedAtMs) < FRESH_MS) return;
    this.loading ??= this.load().finally(() => {
      this.loading = null;
    });
    await this.loading;
  }

  find(tld: string): Tld | null {
    return this.tlds.get(tld) ?? null;
  }

  /** For domains that have a row: a TLD is never removed from the catalogue. */
  get(tld: string): Tld {
    const found = this.tlds.get(tld);
    if (found === undefined) throw new Error(`no TLD ${tld} in the catalogue`);
    return found;
  }

  all(): readonly Tld[] {
    return [...this.tlds.values()];
  }

  private async load(): Promise<void> {
    const rows = await this.db.tld.findMany({ orderBy: { tld: 'asc' } });
    this.tlds = new Map(rows.map((row) => [row.tld, { ...row, contact_rules: readContactRules(row.contact_rules) }]));
    this.loadedAtMs = this.clock.nowMs();
  }
}

export function yearsAllowed(tld: Tld): number[] {
  return Array.from({ length: tld.years_max - tld.years_min + 1 }, (_, i) => tld.years_min + i);
}
