// What a trial has started or made, taken away once, the last first, however the trial ends: by itself, by a fault, by
// Ctrl-C, or because it took too long.
import { stackOf } from './errors.mjs';

export class Cleanups {
  constructor() {
    /** @type {(() => unknown)[]} */
    this.waiting = [];
    /** @type {Promise<void> | null} */
    this.running = null;
  }

  /** @param {() => unknown} cleanup */
  later(cleanup) {
    this.waiting.push(cleanup);
  }

  /** A fault of one is printed and does not keep the others from running. */
  run() {
    this.running ??= (async () => {
      for (let next = this.waiting.pop(); next !== undefined; next = this.waiting.pop())
        try {
          await next();
        } catch (err) {
          console.error(stackOf(err));
        }
    })();
    return this.running;
  }

  /**
   * Runs a whole trial, cleans up, and ends this process: with 0, or with 1 after a fault.
   *
   * @param {() => unknown} trial
   */
  async whole(trial) {
    let code = 0;
    try {
      await trial();
    } catch (err) {
      console.error(stackOf(err));
      code = 1;
    }
    await this.run();
    process.exit(code); // whatever the trial still has open
  }

  /**
   * Says why, cleans up, and ends this process with 1.
   *
   * @param {string} why
   */
  async abandon(why) {
    console.error(why);
    await this.run();
    process.exit(1);
  }

  /**
   * Abandons the trial at a signal, and after `limitMs`. Call what it returns when the trial has ended by itself.
   *
   * @param {string} name of the trial
   * @param {number} limitMs
   */
  watch(name, limitMs) {
    const onSignal = (/** @type {string} */ signal) => void this.abandon(`${name} was stopped by ${signal}`);
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, onSignal);
    const late = setTimeout(() => void this.abandon(`${name} did not end within ${limitMs / 60_000} minutes`), limitMs);
    return () => {
      clearTimeout(late);
      for (const signal of ['SIGINT', 'SIGTERM']) process.off(signal, onSignal);
    };
  }
}
