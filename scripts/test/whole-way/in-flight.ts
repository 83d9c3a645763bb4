// Time is moved only while no request is on its way: one that was signed before and arrives after would be too old.
export class InFlight {
  private count = 0;
  private moving: Promise<void> = Promise.resolve();
  private nobodyLeft: () => void = () => undefined;

  async during<T>(work: () => Promise<T>): Promise<T> {
    await this.moving;
    this.count += 1;
    try {
      return await work();
    } finally {
      this.count -= 1;
      if (this.count === 0) this.nobodyLeft();
    }
  }

  /** Requests on their way end first, unless they take longer than `patienceMs`; new ones wait. */
  whenNone(act: () => void, patienceMs?: number): Promise<void> {
    this.moving = this.moving.then(async () => {
      if (this.count > 0) await this.ended(patienceMs);
      act();
    });
    return this.moving;
  }

  private async ended(patienceMs: number | undefined): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.nobodyLeft = resolve;
      if (patienceMs !== undefined) timer = setTimeout(resolve, patienceMs);
    });
    clearTimeout(timer);
  }
}
