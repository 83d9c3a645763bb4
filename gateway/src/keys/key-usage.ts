// When keys were last used, written in batches: a statistic must not cost a database write per request, and may lose
// its last seconds when the process is killed.
import type { Queryable } from '@lumi/shared/keys';
import type { Clock, Log } from '@lumi/shared/runtime';

const FLUSH_MS = 10_000;
const KEYS_MAX = 10_000;

export class KeyUsage {
  private used = new Set<string>();
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly deps: { readonly db: Queryable; readonly clock: Clock; readonly log: Log }) {}

  note(keyId: string): void {
    if (this.used.size < KEYS_MAX) this.used.add(keyId);
    this.timer ??= setTimeout(() => void this.flush(), FLUSH_MS).unref();
  }

  async flush(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    const ids = [...this.used];
    this.used = new Set();
    if (ids.length === 0) return;
    try {
      await this.deps.db.query('SELECT platform.touch_keys($1::text[], $2::timestamptz)', [
        ids,
        this.deps.clock.now().toISOString(),
      ]);
    } catch (err) {
      this.deps.log.warn('the last use of keys could not be written', { err });
    }
  }
}
