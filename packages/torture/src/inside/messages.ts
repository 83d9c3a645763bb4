// What the harness and the processes under test tell each other over the channel of the fork.

export type FaultAtPoint = 'kill' | 'stop' | 'wait';

export interface Arm {
  readonly type: 'torture-arm';
  /** The checkpoint that the process has to come to. */
  readonly point: string;
  readonly fault: FaultAtPoint;
  /** A part of the subject or of the reference of the order that is hit. */
  readonly match: string;
  /** The point fault that this belongs to, by its id. */
  readonly pointFault?: string | undefined;
}

export interface Settings {
  readonly type: 'torture-settings';
  /** The planted bug; empty for none. */
  readonly bug: string;
  /** So many times as long as usual are leases and limits. */
  readonly stretch: number;
}

export type ToProcess =
  | Arm
  | Settings
  | { readonly type: 'torture-disarm'; readonly match?: string }
  | { readonly type: 'torture-go'; readonly match?: string }
  | { readonly type: 'torture-clock'; readonly offsetMs: number }
  /** So much time passes for its monotonic clock; `isStopped`: while it is stopped, which it is from now on. */
  | { readonly type: 'torture-elapse'; readonly ms: number; readonly isStopped: boolean };

/** A process has come to an armed point. */
export interface PointReached {
  readonly type: 'torture-point';
  readonly point: string;
  readonly fault: FaultAtPoint;
  readonly match: string;
  readonly pointFault?: string | undefined;
  readonly subject: string;
}
