// The queue in front of a service. It bounds the requests in work, in total and per key; the rest waits by key. Keys
// take turns, so a key with a hundred requests delays a single request of another key by one place only. A large body
// takes as many places of its key as it has pieces, because the service reads it at once. Waiting is bounded in number
// and in time.
import { AppError } from '@lumi/shared/contract';
import type { Clock } from '@lumi/shared/runtime';

export interface FairQueueOptions {
  readonly clock: Clock;
  readonly inWorkMax: number;
  readonly perKeyMax: number;
  readonly waitingPerKeyMax: number;
  readonly waitingMax: number;
}

export interface Place {
  /** The places of its key that it takes while in work: at least one, at most all. */
  readonly weight: number;
  /** Exactly one of the two is called, once; `start` may be called at once. Call `leave` after each `start`. */
  readonly start: () => void;
  readonly refuse: (refusal: AppError) => void;
}

interface Lane {
  readonly name: string;
  inWork: number;
  readonly waiting: Map<Place, number>;
}

const WAIT_MAX_MS = 10_000;
const SWEEP_MS = 250;
const RETRY_AFTER_S = 2;

export class FairQueue {
  private readonly lanes = new Map<string, Lane>();
  /** Queues of keys whose next request may start, in the order of their turns. */
  private readonly turns = new Set<Lane>();
  private inWork = 0;
  private waiting = 0;
  /** A started request may leave at once. Then the loop that started it goes on, and no second loop begins. */
  private isStarting = false;
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly options: FairQueueOptions) {}

  /** No request is in work and none waits. */
  get isIdle(): boolean {
    return this.lanes.size === 0;
  }

  get waitingNow(): number {
    return this.waiting;
  }

  enter(name: string, place: Place): void {
    const { inWorkMax, waitingPerKeyMax, waitingMax, clock } = this.options;
    const lane = this.lanes.get(name) ?? { name, inWork: 0, waiting: new Map<Place, number>() };
    if (this.inWork < inWorkMax && this.fits(lane, place) && lane.waiting.size === 0) {
      this.lanes.set(name, lane);
      this.begin(lane, place);
      return;
    }
    if (lane.waiting.size >= waitingPerKeyMax) {
      place.refuse(tooMany());
      return;
    }
    if (this.waiting >= waitingMax) {
      place.refuse(new AppError('service_unavailable', undefined, { retryAfterS: RETRY_AFTER_S }));
      return;
    }
    this.lanes.set(name, lane);
    lane.waiting.set(place, clock.nowMs() + WAIT_MAX_MS);
    this.waiting += 1;
    if (this.hasNext(lane)) this.turns.add(lane);
    this.timer ??= setInterval(() => this.refuseLate(), SWEEP_MS).unref();
  }

  leave(name: string, place: Place): void {
    const lane = this.lanes.get(name);
    if (lane === undefined) return;
    lane.inWork -= this.weightOf(place);
    this.inWork -= 1;
    if (this.hasNext(lane)) this.turns.add(lane);
    else this.forgetIdle(lane);
    this.startNext();
  }

  /** Its client went away while it waited. */
  forget(name: string, place: Place): void {
    const lane = this.lanes.get(name);
    if (lane?.waiting.delete(place) !== true) return;
    this.afterRemoval(lane);
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  private begin(lane: Lane, place: Place): void {
    lane.inWork += this.weightOf(place);
    this.inWork += 1;
    place.start();
  }

  private startNext(): void {
    if (this.isStarting) return;
    this.isStarting = true;
    try {
      for (const lane of this.turns) {
        if (this.inWork >= this.options.inWorkMax) return;
        this.turns.delete(lane);
        const [place] = lane.waiting.keys();
        if (place === undefined || !this.fits(lane, place)) continue;
        lane.waiting.delete(place);
        this.waiting -= 1;
        this.begin(lane, place);
        // at the end of the queue
        if (this.hasNext(lane)) this.turns.add(lane);
      }
    } finally {
      this.isStarting = false;
    }
  }

  /** Whether the first waiting request may start. */
  private hasNext(lane: Lane): boolean {
    const [place] = lane.waiting.keys();
    return place !== undefined && this.fits(lane, place);
  }

  private fits(lane: Lane, place: Place): boolean {
    return lane.inWork + this.weightOf(place) <= this.options.perKeyMax;
  }

  private weightOf({ weight }: Place): number {
    return Math.min(Math.max(1, weight), this.options.perKeyMax);
  }

  private refuseLate(): void {
    const nowMs = this.options.clock.nowMs();
    for (const lane of this.lanes.values()) {
      for (const [place, untilMs] of lane.waiting) {
        if (untilMs > nowMs) break;
        lane.waiting.delete(place);
        this.afterRemoval(lane);
        place.refuse(tooMany());
      }
    }
    if (this.waiting === 0) this.stop();
  }

  private afterRemoval(lane: Lane): void {
    this.waiting -= 1;
    // The next request may take fewer places than the one that left.
    if (this.hasNext(lane)) this.turns.add(lane);
    else if (lane.waiting.size === 0) this.turns.delete(lane);
    this.forgetIdle(lane);
    this.startNext();
  }

  private forgetIdle(lane: Lane): void {
    if (lane.inWork === 0 && lane.waiting.size === 0) this.lanes.delete(lane.name);
  }
}

function tooMany(): AppError {
  return new AppError('rate_limited', 'Too many requests of this key are waiting. Send fewer at once.', {
    retryAfterS: RETRY_AFTER_S,
  });
}
