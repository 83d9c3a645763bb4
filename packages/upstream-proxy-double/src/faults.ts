// The faults that tests switch on. Each kind of request has a queue: the next request of that kind takes the first one.

export type Kind = 'purchase' | 'replace' | 'cancel' | 'read';

/** `before`: nothing was done; `after`: it was done, and the caller does not learn it. */
export type Fault =
  | 'hang-before'
  | 'hang-after'
  | 'cut-before'
  | 'cut-after'
  | 'error-before'
  | 'error-after'
  | 'throttled'
  | 'refused'
  | 'unauthorized'
  | 'wrong-json-after'
  | 'wrong-shape-after'
  | 'huge-after'
  | 'one-less'
  | 'none';

export class Faults {
  private readonly queues = new Map<Kind, Fault[]>();

  next(kind: Kind, ...faults: readonly Fault[]): void {
    this.queues.set(kind, [...(this.queues.get(kind) ?? []), ...faults]);
  }

  take(kind: Kind): Fault | null {
    return this.queues.get(kind)?.shift() ?? null;
  }

  /** How many were not taken. */
  get left(): number {
    return [...this.queues.values()].reduce((sum, queue) => sum + queue.length, 0);
  }
}
