// The dependencies of the sandbox registrar.
import type { SqlRunner } from '@lumi/shared/db';
import type { Clock } from '@lumi/shared/runtime';

export interface SandboxOptions {
  readonly db: SqlRunner;
  readonly clock: Clock;
  /** How long `timeout-…` keeps the caller waiting. */
  readonly timeoutMs: number;
  readonly slowMs: number;
}
