// What may be spent, and what was. The data plane asks before it passes bytes on, so that a quota is never passed. The
// control side answers from the leases that the service gave this node, and sends what was used to the service.
import type { RefusalWord } from './refusals';

export type Way = 'up' | 'down';

/** One connection, or one request over plain HTTP. */
export interface Use {
  readonly subject: string;
  /** Of the exit. */
  readonly country: string;
  /** The target's host in ASCII. How much of it is kept is a setting (`PROXY_TARGET_LOG`). */
  readonly target: string;
  /** Says how it ended. Only the first call counts. */
  end(outcome: { readonly isError: boolean }): void;
}

export interface Meter {
  /** Counts one request. */
  use(subject: string, country: string, target: string): Use;
  /** How many of these bytes may pass now. They count as used at once. Fewer than asked: the lease is empty. */
  spend(use: Use, way: Way, bytes: number): number;
  /** True when nothing may pass now. */
  isDry(subject: string): boolean;
  /** Resolves with true as soon as bytes may pass; with false after `limitMs`, or when the quota is used up. */
  whenFilled(subject: string, limitMs: number): Promise<boolean>;
}

export type Sign = 'refused-ports' | 'many-targets' | 'login-guessing';

/** How a tunnel, a request over plain HTTP, or a login ended. */
export interface Ended {
  readonly subject: string;
  /** The client's address. */
  readonly client: string;
  readonly protocol: 'http' | 'socks5';
  /** The host; null: it did not come to that. */
  readonly target: string | null;
  /** Address; null: none was chosen. */
  readonly exit: string | null;
  readonly up: number;
  readonly down: number;
  readonly ms: number;
  readonly refusal: RefusalWord | null;
}

/** What the data plane reports to the control side. All of it is called on the way of a connection: keep it short. */
export interface NodeEvents {
  /** A subject was used; `block`: the entry of its allow-list that let the client in. */
  seen(subject: string, block: string | null): void;
  /** A rotation by interval moved the subject to another exit. */
  exitChanged(subject: string, address: string): void;
  /** A sign of abuse, at most once a minute for each subject or client address and sign. */
  abuse(sign: Sign, who: string): void;
  ended(connection: Ended): void;
}
