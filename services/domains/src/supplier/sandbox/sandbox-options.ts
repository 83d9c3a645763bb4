// The dependencies of the sandbox registrar.
import type { SqlRunner } from '@lumi/shared/db';
import type { Clock } from '@lumi/shared/runtime';
import type { PrismaClient } from '../../generated/db/client';

export interface SandboxOptions {
  /** For the statements of every purchase (decision 0005). */
  readonly db: SqlRunner;
  readonly tables: PrismaClient;
  readonly clock: Clock;
  /** How long `timeout-…` keeps the caller waiting. */
  readonly timeoutMs: number;
  readonly slowMs: number;
}
