// Chance that can be repeated: the same seed gives the same choices in the same order. Each part of a run draws from
// its own stream, so that the speed of one client does not change the choices of another.

export type Weighted<T> = readonly [weight: number, value: T];

export class Random {
  private state: number;

  constructor(seed: number | string) {
    this.state = hash(String(seed));
  }

  /** A separate stream, by name. */
  stream(name: string): Random {
    return new Random(`${this.state}/${name}`);
  }

  /** [0, 1), mulberry32. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  chance(share: number): boolean {
    return this.next() < share;
  }

  pick<T>(list: readonly T[]): T {
    const picked = list[Math.floor(this.next() * list.length)];
    if (picked === undefined && list.length === 0) throw new Error('there is nothing to pick from');
    return picked as T;
  }

  /** From `[[weight, value], …]`. */
  weighted<T>(choices: readonly Weighted<T>[]): T {
    let left = this.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, value] of choices) {
      left -= weight;
      if (left < 0) return value;
    }
    const last = choices.at(-1);
    if (last === undefined) throw new Error('there is nothing to choose from');
    return last[1];
  }

  /** The same things in another order. */
  shuffled<T>(list: readonly T[]): T[] {
    const copy = [...list];
    for (let i = copy.length - 1; i > 0; i -= 1) {
      const j = this.between(0, i);
      [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
    }
    return copy;
  }
}

function hash(text: string): number {
  let h = 2_166_136_261;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 16_777_619);
  return h | 0;
}
