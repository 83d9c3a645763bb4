// Unfinished work together with the code of its kind, which asks the supplier about it and finishes it.
import { AppError } from '../../ground/contract';
import type { SqlRunner } from '../../base/db';
import type { Service } from '../process';
import {
  concludeOperation,
  viewOperation,
  viewOrderAsOperation,
  type AnyOperationKind,
  type OperationView,
} from '../../work/operations';
import {
  concludeOrder,
  withAbort,
  type AnyThingSold,
  type ConcludeDeps,
  type JsonObject,
  type LookUp,
  type Outcome,
} from '../../work/purchase';
import type { Work } from './stuck-store';

export type StuckDeps = Pick<Service, 'product' | 'db' | 'clock' | 'log' | 'cursors' | 'purchases'>;
/** The kinds that the code can ask about and finish. */
export interface KnownWork {
  readonly things: ReadonlyMap<string, AnyThingSold>;
  readonly tasks: ReadonlyMap<string, AnyOperationKind>;
}

const LOOK_UP_LIMIT_MS = 8_000;

/** One piece of work with the code of its kind. */
interface Case {
  lookUp(signal: AbortSignal): Promise<LookUp<JsonObject>>;
  /** Throws when the product cannot deliver from this result. */
  fit(result: JsonObject): void;
  conclude(outcome: Outcome<JsonObject>): Promise<OperationView>;
}

/** What finishing needs; a transaction suffices. */
type CaseDeps = Pick<StuckDeps, 'clock' | 'log'> & {
  readonly db: { readonly platform: SqlRunner };
  readonly purchases: ConcludeDeps;
};

export function caseOf(deps: CaseDeps, known: KnownWork, work: Work): Case {
  if ('order' in work) {
    const { order } = work;
    const thing = known.things.get(order.kind) ?? unknownKind();
    return {
      lookUp: (signal) => thing.lookUp(order, signal),
      fit: (result) =>
        void [
          thing.delivered?.(order, result),
          thing.answer(order, result),
          thing.events(order, result),
          thing.deliver(order, result),
        ],
      conclude: async (outcome) => {
        const answer = await concludeOrder(deps.purchases, thing, order, outcome);
        if (answer.order === null) throw new Error('a concluded order is always told');
        return viewOrderAsOperation(answer.order);
      },
    };
  }
  const { operation } = work;
  const kind = known.tasks.get(operation.kind) ?? unknownKind();
  return {
    lookUp: (signal) => kind.lookUp(operation, signal),
    fit: (result) => void [kind.events(operation, result), kind.deliver(operation, result)],
    conclude: async (outcome) => viewOperation(await concludeOperation(deps, kind, operation, outcome)),
  };
}

function unknownKind(): never {
  throw new AppError('state_conflict', 'No code of this version knows this kind of work.');
}

export async function askSupplier(deps: StuckDeps, operationId: string, one: Case): Promise<LookUp<JsonObject>> {
  const signal = AbortSignal.timeout(LOOK_UP_LIMIT_MS);
  try {
    return await withAbort(one.lookUp(signal), signal);
  } catch (cause) {
    deps.log.warn('the supplier could not be asked', { operation_id: operationId, err: cause });
    return { kind: 'unknown', cause };
  }
}

/** Throws, before the work is taken over, when the product cannot deliver from the result. */
export function refuseUnfit(fit: () => void): void {
  try {
    fit();
  } catch (cause) {
    if (!(cause instanceof TypeError || cause instanceof RangeError)) throw cause;
    throw new AppError('validation_error', undefined, {
      details: [{ path: 'result', message: 'is not a result of this kind of work' }],
      cause,
    });
  }
}

export function viewWork(work: Work): OperationView {
  return 'order' in work ? viewOrderAsOperation(work.order) : viewOperation(work.operation);
}
