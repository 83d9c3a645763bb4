// What the routes of nodes need.
import type { ProxyDeps } from '../deps';
import type { FeedWatch } from './feed-watch';

export interface NodeDeps extends ProxyDeps {
  readonly feed: FeedWatch;
  /** The token of the node that `npm start` runs; null: there is none. */
  readonly localToken: string | null;
  readonly entryHost: string;
  /** How long the answer to a purchase waits for the nodes; 0: not at all. */
  readonly usableWithinMs: number;
}
