// What was used, summed by subject, hour, country of the exit and target until it is sent. A use keeps its line, so
// that counting is an addition; with each batch a new set of lines begins.
import type { Way } from '../meter';
import type { UsageLine } from '../../nodes/protocol';

/** Targets that have no name of their own any more. */
export const OTHER = 'other';
/** Targets of one subject in one hour; the rest is `other`. */
const TARGETS_MAX = 200;
const HOUR_MS = 3_600_000;

export interface Line {
  readonly subject: string;
  readonly hour: string;
  readonly country: string;
  readonly target: string;
  up: number;
  down: number;
  requests: number;
  errors: number;
}

export class UsageLines {
  /** Changes when the lines that were handed out are no longer counted on. */
  generation = 0;
  private lines = new Map<string, Line>();
  private targets = new Map<string, Set<string>>();
  private hourNumber = -1;
  private hour = '';
  private total = 0;

  constructor(private readonly nowMs: () => number) {}

  /** Valid until `generation` changes. */
  lineOf(subject: string, country: string, name: string): Line {
    const hourNumber = Math.floor(this.nowMs() / HOUR_MS);
    if (hourNumber !== this.hourNumber) {
      this.hourNumber = hourNumber;
      this.hour = new Date(hourNumber * HOUR_MS).toISOString();
      this.targets.clear();
    }
    const { hour } = this;
    const target = this.known(subject, name);
    const key = `${subject} ${String(hourNumber)} ${country} ${target}`; // none of them has a space
    const found = this.lines.get(key);
    if (found !== undefined) return found;
    const line = { subject, hour, country, target, up: 0, down: 0, requests: 0, errors: 0 };
    this.lines.set(key, line);
    return line;
  }

  add(line: Line, way: Way, bytes: number): void {
    line[way] += bytes;
    this.total += bytes;
  }

  /** All bytes since this process began. */
  get bytes(): number {
    return this.total;
  }

  /** Hands out what was counted, and begins anew. */
  take(): readonly UsageLine[] {
    this.generation += 1;
    const lines = [...this.lines.values()];
    this.lines = new Map();
    return lines;
  }

  private known(subject: string, target: string): string {
    const targets = this.targets.get(subject) ?? new Set<string>();
    if (targets.has(target)) return target;
    if (targets.size >= TARGETS_MAX) return OTHER;
    targets.add(target);
    this.targets.set(subject, targets);
    return target;
  }
}
