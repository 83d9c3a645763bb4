// Where the preload takes hold of a process: compiled modules whose exported functions it replaces before the process
// loads them. The types are those of the sources, so a function that is renamed or called otherwise does not compile
// here any more.
import { join } from 'node:path';

/** Files of packages/shared, by their place below `src` and `dist`. */
interface SharedFiles {
  'house-keeping/admin/stuck-store': typeof import('../../../shared/src/house-keeping/admin/stuck-store');
  'work/batches/advance': typeof import('../../../shared/src/work/batches/advance');
  'work/batches/batch-reads': typeof import('../../../shared/src/work/batches/batch-reads');
  'work/batches/batch-store': typeof import('../../../shared/src/work/batches/batch-store');
  'work/batches/batch-work': typeof import('../../../shared/src/work/batches/batch-work');
  'base/egress/lookup': typeof import('../../../shared/src/base/egress/lookup');
  'base/db/index': typeof import('../../../shared/src/base/db');
  'counter/deposits/deposit-store': typeof import('../../../shared/src/counter/deposits/deposit-store');
  'counter/deposits/reconcile': typeof import('../../../shared/src/counter/deposits/reconcile');
  'base/idempotency/claim': typeof import('../../../shared/src/base/idempotency/claim');
  'work/lifecycle/index': typeof import('../../../shared/src/work/lifecycle');
  'work/lifecycle/lifecycle-store': typeof import('../../../shared/src/work/lifecycle/lifecycle-store');
  'work/operations/engine': typeof import('../../../shared/src/work/operations/engine');
  'house-keeping/process/service': typeof import('../../../shared/src/house-keeping/process/service');
  'work/purchase/conclude': typeof import('../../../shared/src/work/purchase/conclude');
  'work/purchase/engine': typeof import('../../../shared/src/work/purchase/engine');
  'work/purchase/money-step': typeof import('../../../shared/src/work/purchase/money-step');
  'work/purchase/recover': typeof import('../../../shared/src/work/purchase/recover');
  'ground/runtime/backoff': typeof import('../../../shared/src/ground/runtime/backoff');
  'ground/runtime/clock': typeof import('../../../shared/src/ground/runtime/clock');
}

/** A module whose exports may be replaced: compiled files look them up at each call. */
type Replaceable<M> = { -readonly [K in keyof M]: M[K] };

const root = process.env.TORTURE_ROOT ?? '';

/** The compiled file of this path below the root. */
export function built<M>(path: string): Replaceable<M> {
  return require(join(root, path)) as Replaceable<M>;
}

export function shared<P extends keyof SharedFiles>(path: P): Replaceable<SharedFiles[P]> {
  return built(`packages/shared/dist/${path}.js`);
}

/** Puts what `make` makes of the original in its place. */
export function replace<M, K extends keyof M>(module: M, name: K, make: (original: M[K]) => M[K]): void {
  module[name] = make(module[name]);
}
