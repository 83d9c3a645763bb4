// The times of a stop: connections get the whole of what was set for them, and after it the last usage is sent.
import type { NodeConfig } from './config';
import type { DataPlane } from './data-plane';

/** Beyond the time for connections: they are cut, and the last usage is sent. */
const FLUSH_MS = 8_000;

type StopSettings = Pick<NodeConfig, 'STOP_DELAY_MS' | 'PROXY_NODE_DRAIN_S'>;

/** Of all steps together. */
export function stopLimitMs({ STOP_DELAY_MS: delayMs, PROXY_NODE_DRAIN_S: drainS }: StopSettings): number {
  return delayMs + drainS * 1_000 + FLUSH_MS;
}

export class Draining {
  private isDrained = false;

  constructor(
    private readonly plane: Pick<DataPlane, 'drain' | 'close'>,
    private readonly signalDrainMs: number,
  ) {}

  /** The operator's drain, which has its own time. The process ends after it. */
  async byOperator(limitMs: number): Promise<void> {
    await this.plane.drain(limitMs);
    this.isDrained = true;
  }

  /** The step of the shutdown. Connections that an operator's drain has waited for are not waited for again. */
  async end(limitMs: number): Promise<void> {
    await this.plane.drain(this.isDrained ? 0 : Math.min(this.signalDrainMs, limitMs));
    await this.plane.close();
  }
}
