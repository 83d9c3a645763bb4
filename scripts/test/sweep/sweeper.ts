// Sends wrong values to one operation, as every kind of caller, and finds every fault in its reaction.
import type { Product } from '@lumi/shared/contract';
import { CRYPTO_PAY } from '../contract/crypto-pay';
import { DocumentedApi, type Document, type Operation } from '../contract/documented-api';
import { StoredState } from '../contract/stored-state';
import { World, type Call, type Recipe } from '../contract/world';
import { wholeWay, type WholeWayOptions } from '../whole-way';
import { faultsOf } from './answer-faults';
import { Thoroughness, casesOf, placesOf, type Case } from './cases';
import { Random } from './random';
import { sendAndJudge, sendUnchanged, type Caller, type Task } from './watched';

/** Of an operator at an operation of customers; at their own, operators send everything. */
const OPERATOR_SAMPLE = 12;

export interface Findings {
  readonly faults: readonly string[];
  readonly changed: readonly string[];
  /** Fields, path parts and query parameters of which no value was judged. */
  readonly unjudged: readonly string[];
}

/** Call it once, at the top of a file; call `start` before the sweep. */
export function sweeper(product: Product, seed: number, more: WholeWayOptions['more'] = {}) {
  const lumi = wholeWay({ products: [product], settings: CRYPTO_PAY, more });
  const stored = new StoredState(lumi.owner);
  const counts = { known: 0, sent: 0, judged: 0 };
  let api: DocumentedApi;
  let world: World;
  const cases = new Map<string, readonly Case[]>();

  /** The keys of those who sign; what is not signed otherwise is signed wrongly, and in time. */
  const signer = async (version: 'v1' | 'v2', isForOperators: boolean): Promise<Caller> => {
    const { key } = await world.once(`signing ${version} ${String(isForOperators)}`, () =>
      isForOperators
        ? lumi.operator(product, { signing: version })
        : lumi.keyOf(world.who.accountId, { product, signing: version }),
    );
    const timestamp = (): string => String(Math.floor(lumi.clock.nowMs() / 1_000));
    return {
      key,
      headers: () =>
        version === 'v1' ? {} : { 'x-signature': `v2=${'0'.repeat(64)}`, 'x-signature-timestamp': timestamp() },
    };
  };

  const sweepBy = async (
    task: Task,
    some: readonly Case[],
  ): Promise<Omit<Findings, 'unjudged'> & { places: string[] }> => {
    const { asked, judged, changed } = await sendAndJudge(stored, task, some);
    counts.known += some.length;
    counts.sent += asked.length;
    counts.judged += judged.size;
    return {
      faults: asked.flatMap((one) => faultsOf(api, task.operation, one)),
      changed,
      places: [...judged].map(({ place }) => place),
    };
  };

  return {
    lumi,
    counts,
    async start(): Promise<void> {
      world = new World(
        lumi,
        product,
        await lumi.buyer({ product, balance: '10000000' }),
        await lumi.buyer({ product, balance: '1' }),
        await lumi.operator(product),
      );
      api = new DocumentedApi((await lumi.send('GET', `${world.base}/openapi.json`)).body as Document);
      const thoroughness = new Thoroughness(api.operations.values(), new Random(seed));
      for (const operation of api.operations.values()) {
        const random = new Random(hashOf(`${operation.id} ${String(seed)}`));
        cases.set(operation.id, random.some(casesOf(operation, thoroughness, random), Infinity));
      }
    },
    operationIds: (): string[] => [...api.operations.keys()],
    /** Its part of the whole work. */
    weightOf: (id: string): number =>
      (cases.get(id)?.length ?? 0) / [...cases.values()].reduce((sum, some) => sum + some.length, 0),
    /** Everything is sent if there is time for it until `endsAt`; in any case, something wrong in every place. */
    async sweep(id: string, recipe: Recipe, endsAt: number): Promise<Findings> {
      const operation = api.operations.get(id);
      const all = cases.get(id);
      if (operation === undefined || all === undefined)
        throw new Error(`${id} is in the recipes and not in the document`);
      const found: Awaited<ReturnType<typeof sweepBy>>[] = [];
      const refused: string[] = [];
      for (const [caller, some] of await turns(operation, all)) {
        const isFirst = found.length === 0;
        const task: Task = { world, operation, recipe, caller, endsAt, isInAnyCase: isFirst };
        if (isFirst || Date.now() < endsAt) {
          found.push(await sweepBy(task, some));
          if (caller.headers === undefined) refused.push(...(await sendUnchanged(task)));
        } else counts.known += some.length;
      }
      const judged = new Set(found.flatMap(({ places }) => places));
      return {
        faults: [...found.flatMap(({ faults }) => faults), ...refused],
        changed: found.flatMap(({ changed }) => changed),
        unjudged: placesOf(operation).filter((place) => !judged.has(place)),
      };
    },
  };

  /** Who sends what. */
  async function turns(operation: Operation, all: readonly Case[]): Promise<[Caller, readonly Case[]][]> {
    const random = new Random(hashOf(`${operation.id} by others ${String(seed)}`));
    const isForOperators = operation.scopes.includes('admin:*');
    const isPublic = operation.scopes.includes('public');
    const usual = all.filter(({ signing }) => signing === null);
    const result: [Caller, readonly Case[]][] = [
      [{ key: isPublic ? undefined : isForOperators ? world.operator.key : world.who.key }, usual],
    ];
    for (const version of ['v1', 'v2'] as const) {
      const some = all.filter(({ signing }) => signing === version);
      if (some.length > 0) result.push([await signer(version, isForOperators), some]);
    }
    if (isPublic || isForOperators || !operation.takesUserId) return result;
    const naming = (call: Call): Call => ({ ...call, query: { ...call.query, user_id: world.who.accountId } });
    const named = usual.filter(({ place }) => place === 'query user_id' || place === 'field user_id');
    const others = random.some(
      usual.filter((one) => !named.includes(one)),
      OPERATOR_SAMPLE,
    );
    return [...result, [{ key: world.operator.key, adapt: naming }, [...named, ...others]]];
  }
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
}
