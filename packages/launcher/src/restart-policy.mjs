// After a process or server has died: how long to wait before a restart, and when to give up.
const WINDOW_MS = 60_000;
const DEATHS_MAX = 5;
const FIRST_WAIT_MS = 250;

export class RestartPolicy {
  constructor(nowMs = () => performance.now()) {
    this.nowMs = nowMs;
    /** @type {number[]} */
    this.deaths = [];
  }

  /**
   * Milliseconds to wait, doubling with each death within a minute; null after the fifth.
   *
   * @returns {number | null}
   */
  nextWaitMs() {
    const now = this.nowMs();
    this.deaths = [...this.deaths.filter((at) => now - at < WINDOW_MS), now];
    return this.deaths.length > DEATHS_MAX ? null : FIRST_WAIT_MS * 2 ** (this.deaths.length - 1);
  }
}
