// Where a connection to a target goes, and by which exit.
import type { UpstreamEndpoint } from './upstream-handshake';

export const ADDRESSES_MAX = 3;

export interface Dialled {
  /** Judged ones, of the exit's family. The next one is tried when one cannot be reached. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** Of the exit. */
  readonly localAddress: string;
  /** Whose address the exit is; absent: the node's own. */
  readonly upstream?: UpstreamEndpoint;
}
