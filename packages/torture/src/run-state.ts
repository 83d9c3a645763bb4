// One run, as its steps, actions and judges see it.
import type { Product } from '@lumi/shared/contract';
import type { Buyers } from './customers/buyers';
import type { GatewayClient, History } from './customers/client';
import type { CoOwners, SharedAccount } from './customers/co-owners';
import type { Customers } from './customers/customers';
import type { Coverage } from './faults/coverage';
import type { PointFault } from './faults/point-faults';
import type { FaultAtPoint } from './inside/messages';
import type { Breach } from './judge/breach';
import type { Random } from './random';
import type { Buyer } from './system/accounts';
import type { System } from './system/system';
import type { Traffic } from './traffic/traffic';

/** A fault that waits at a point for what `match` tells apart. */
export interface Arming {
  /** Which processes pass the point: a pattern. */
  readonly who: string;
  readonly at: string;
  readonly fault: FaultAtPoint;
  readonly match: string;
  readonly pointFault?: string;
}

/** How steps and actions make things go wrong. */
export interface FaultControl {
  readonly random: Random;
  /** States that faults have reached. */
  readonly reached: ReadonlySet<string>;
  /** Kinds of faults that were inflicted. */
  readonly done: Set<string>;
  arm(arming: Arming): void;
  /** Whatever waits at a point with this goes on. */
  goOn(match: string): void;
  /** Inflicts it once, and resolves when what leads to the point is over. */
  atPoint(fault: PointFault): Promise<unknown>;
  /** What is required and was not reached, once more. */
  again(states: readonly string[]): void;
}

export interface Run {
  readonly system: System;
  readonly seed: number;
  /** How long the fault phase of a storm is. */
  readonly seconds: number;
  /** The planted bug. */
  readonly bug: string | undefined;
  /** How many items a bulk of a directed run has. */
  readonly items: number;
  readonly bulkLimitMs: number;
  readonly random: Random;
  readonly history: History;
  readonly gateways: GatewayClient;
  readonly buyers: Buyers;
  readonly customers: Customers;
  readonly accounts: readonly SharedAccount[];
  /** Those at work, by product. */
  readonly coOwners: Map<Product, CoOwners>;
  /** Made when the first decision is due. */
  readonly operators: Map<Product, Buyer>;
  readonly faults: FaultControl;
  /** Through a proxy node, where the run has one. */
  readonly traffic: Traffic | undefined;
  readonly coverage: Coverage;
  /** States that this run has to reach. */
  readonly required: string[];
  /** What did not come about. */
  readonly missed: string[];
  readonly breaches: Breach[];
  /** Breaches of what must hold at every moment, by rule and subject. */
  readonly moments: Map<string, Breach>;
  /** Purchases of a directed run whose answers are asked for at its end. */
  readonly asked: Promise<unknown>[];
  /** One line for each bulk. */
  readonly bulks: string[];
  note(text: string): void;
}
