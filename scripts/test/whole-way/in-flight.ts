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

  /** Requests on their way end first; new ones wait. */
  whenNone(act: () => void): Promise<void> {
    this.moving = this.moving.then(async () => {
      if (this.count > 0) await new Promise<void>((resolve) => (this.nobodyLeft = resolve));
      act();
    });
    return this.moving;
  }
}
