// The meters of a process: counters, timers and gauges, in one registry of prom-client. A counter or timer hands out a
// cell for each set of labels. Counting is an addition on that cell; prom-client sees the sums when it is asked. Its
// own counters build and sort the labels of every call, which would cost a read of the gateway 2 %.
//
// The values of labels come from our own lists (products, operations, error codes, names in the code), never from a
// caller. A meter nevertheless has a bound: further sets of labels count as `other`.
import { Counter, Gauge, Registry, type Metric } from 'prom-client';
import { inTime } from '../../ground/runtime';

export const registry = new Registry();

export type Labels<L extends string> = Readonly<Record<L, string>>;

const CELLS_MAX = 5_000;
/** Seconds: from a cached read to the limit of a supplier's call. */
const BOUNDS = [0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** A set of labels as far as it is walked: one step for each label, by its value. */
interface Step<Cell> {
  readonly next: Map<string, Step<Cell>>;
  cell?: Cell;
}

/** The cells of a meter, by the values of its labels. No key is put together for a look-up. */
class Cells<L extends string, Cell> {
  private readonly first: Step<Cell> = { next: new Map() };
  private readonly made: (readonly [Labels<L>, Cell])[] = [];

  constructor(
    private readonly names: readonly L[],
    private readonly make: () => Cell,
  ) {}

  of(labels: Labels<L>): Cell {
    let step: Step<Cell> | undefined = this.first;
    for (const name of this.names) step = step?.next.get(labels[name]);
    return step?.cell ?? this.add(labels);
  }

  all(): Iterable<readonly [Labels<L>, Cell]> {
    return this.made;
  }

  private add(labels: Labels<L>): Cell {
    const other = Object.fromEntries(this.names.map((name) => [name, 'other'])) as Labels<L>; // a value for each name
    if (this.made.length >= CELLS_MAX && this.names.some((name) => labels[name] !== 'other')) return this.of(other);
    let step = this.first;
    for (const name of this.names) {
      const next = step.next.get(labels[name]) ?? { next: new Map() };
      step.next.set(labels[name], next);
      step = next;
    }
    step.cell = this.make();
    this.made.push([{ ...labels }, step.cell]);
    return step.cell;
  }
}

export interface Count {
  add(more?: number): void;
}

export interface CounterMeter<L extends string> {
  of(labels: Labels<L>): Count;
}

/** A number that only grows. Its name ends in `_total`. */
export function counter<L extends string>(name: string, help: string, labels: readonly L[]): CounterMeter<L> {
  const cells = new Cells(labels, () => {
    let sum = 0;
    return {
      add: (more = 1) => {
        sum += more;
      },
      sum: () => sum,
    };
  });
  new Counter<L>({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    collect() {
      this.reset();
      for (const [values, cell] of cells.all()) this.inc(values, cell.sum());
    },
  });
  return cells;
}

export interface Time {
  seconds(duration: number): void;
}

export interface TimerMeter<L extends string> {
  of(labels: Labels<L>): Time;
}

/** A histogram of durations. Its name ends in `_seconds`. */
export function timer<L extends string>(name: string, help: string, labels: readonly L[]): TimerMeter<L> {
  const cells = new Cells(labels, () => {
    const counts = BOUNDS.map(() => 0);
    let count = 0;
    let sum = 0;
    return {
      seconds: (duration: number) => {
        count += 1;
        sum += duration;
        for (let i = 0; i < BOUNDS.length; i += 1)
          if (duration <= (BOUNDS[i] ?? Infinity)) {
            counts[i] = (counts[i] ?? 0) + 1;
            break;
          }
      },
      read: () => ({ counts, count, sum }),
    };
  });
  const get = () => {
    const values: { metricName: string; labels: Record<string, string | number>; value: number }[] = [];
    for (const [own, cell] of cells.all()) {
      const { counts, count, sum } = cell.read();
      let below = 0;
      for (const [i, bound] of BOUNDS.entries()) {
        below += counts[i] ?? 0;
        values.push({ metricName: `${name}_bucket`, labels: { ...own, le: bound }, value: below });
      }
      values.push({ metricName: `${name}_bucket`, labels: { ...own, le: '+Inf' }, value: count });
      values.push({ metricName: `${name}_sum`, labels: own, value: sum });
      values.push({ metricName: `${name}_count`, labels: own, value: count });
    }
    return Promise.resolve({ name, help, type: 'histogram', values, aggregator: 'sum' });
  };
  // The registry needs of a metric no more than its name and `get`; its type asks for one of its own classes.
  registry.registerMetric({ name, labelNames: labels, get } as unknown as Metric);
  return cells;
}

export type Readings<L extends string> = readonly (readonly [Labels<L>, number])[];

export interface GaugeMeter<L extends string> {
  /** Reads at each scrape. A reading that fails or takes too long is left out and counted. Returns what ends it. */
  watch(read: () => Readings<L> | Promise<Readings<L>>): () => void;
}

const failures = counter('lumi_monitoring_failures_total', 'Readings of gauges that failed or took too long.', [
  'metric',
]);

/** Below the ten seconds that Prometheus waits for a scrape. */
const READING_LIMIT_MS = 4_000;

/** A number that goes up and down. */
export function gauge<L extends string>(name: string, help: string, labels: readonly L[]): GaugeMeter<L> {
  const sources = new Set<() => Readings<L> | Promise<Readings<L>>>();
  new Gauge<L>({
    name,
    help,
    labelNames: labels,
    registers: [registry],
    async collect() {
      const readings = await Promise.all(
        [...sources].map(async (read) => {
          try {
            return await inTime(READING_LIMIT_MS, Promise.resolve(read()));
          } catch {
            // The cause is in the log of the part that failed; a scrape must show all other numbers nevertheless.
            failures.of({ metric: name }).add();
            return [];
          }
        }),
      );
      this.reset();
      if (labels.length === 0 && readings.length === 0) this.remove();
      for (const [values, value] of readings.flat()) this.set(values, value);
    },
  });
  return {
    watch: (read) => {
      sources.add(read);
      return () => sources.delete(read);
    },
  };
}
