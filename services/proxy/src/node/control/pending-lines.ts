// Lines that were counted and are in no batch yet. While the service is away they grow, so they are bounded: beyond a
// number of lines a new target is counted under `other`. Bytes are never lost, only the name of their target.
import type { UsageLine } from '../../nodes/protocol';
import { OTHER, type Line } from './usage-lines';

const KEPT_MAX = 50_000;
/** Of one batch. */
const TAKEN_MAX = 20_000;
const TAKEN_BYTES_MAX = 4 * 1024 * 1024;
/** What a line has as JSON beside its subject and its target, at most. */
const LINE_BYTES = 200;

export class PendingLines {
  private readonly lines = new Map<string, Line>();

  constructor(private readonly keptMax = KEPT_MAX) {}

  get size(): number {
    return this.lines.size;
  }

  all(): readonly UsageLine[] {
    return [...this.lines.values()];
  }

  /** Lines of the same subject, hour, country and target become one. */
  add(lines: readonly UsageLine[]): void {
    for (const line of lines) {
      const key = keyOf(line);
      const known = this.lines.get(key);
      if (known !== undefined) sumUp(known, line);
      else if (this.lines.size < this.keptMax || line.target === OTHER) this.lines.set(key, { ...line });
      else this.add([{ ...line, target: OTHER }]);
    }
  }

  /** Hands out the oldest, as many as a batch may have. */
  take(): readonly UsageLine[] {
    const taken: UsageLine[] = [];
    let bytes = 0;
    for (const [key, line] of this.lines) {
      bytes += LINE_BYTES + line.subject.length + line.target.length;
      if (taken.length === TAKEN_MAX || bytes > TAKEN_BYTES_MAX) break;
      taken.push(line);
      this.lines.delete(key);
    }
    return taken;
  }
}

function keyOf({ subject, hour, country, target }: UsageLine): string {
  return JSON.stringify([subject, hour, country, target]);
}

function sumUp(sum: Line, { up, down, requests, errors }: UsageLine): void {
  sum.up += up;
  sum.down += down;
  sum.requests += requests;
  sum.errors += errors;
}
