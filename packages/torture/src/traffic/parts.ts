// What traffic needs of the run that it is part of.
import type { GatewayClient, History } from '../customers/client';
import type { Customers } from '../customers/customers';
import type { Random } from '../random';
import type { System } from '../system/system';

export interface TrafficParts {
  readonly system: System;
  readonly customers: Customers;
  readonly history: History;
  readonly gateways: GatewayClient;
  readonly random: Random;
  /** What did not come about. */
  readonly missed: string[];
  note(text: string): void;
}
