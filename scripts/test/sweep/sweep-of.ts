// The sweep: every operation of a product's document is sent one wrong value for each field, path part and query parameter, by customers and by operators. Whatever
// is sent, the answer is one that the document names, never `5xx`, in sentences of ours; and what is refused has changed nothing, in no table.
// Other values of the same kinds: npm test -- sweep --seed N
import { randomBytes } from 'node:crypto';
import type { Product } from '@lumi/shared/contract';
import { CRYPTO_PAY } from '../contract/crypto-pay';
import { DocumentedApi, type Document, type Operation } from '../contract/documented-api';
import { World, type Call, type Recipe, type Recipes } from '../contract/world';
import { wholeWay, type Answer } from '../whole-way';
import { Thoroughness, casesOf, shown, type Case } from './cases';
import { Random } from './random';
import { StoredState } from '../contract/stored-state';

const AT_ONCE = 8;
/** Of one product, two of which run at once: the sweep takes two minutes at most. On a machine too slow for all of it, chance says what is left out. */
const BUDGET_MS = 30_000;
const CASES_MIN = 8;
/** Rounds in which what was refused is sent again, until nothing of it is taken any more. */
const ROUNDS_MAX = 3;
/** Of an operator at an operation of customers; at their own, operators send everything. */
const OPERATOR_SAMPLE = 24;
const DETAILS_MAX = 50;
/** What the schema library says by itself. */
const LIBRARY = /Invalid|[Ee]xpected|received|Too (?:big|small)|Unrecognized|must match pattern|Required|zod/;

interface Asked {
  readonly one: Case;
  readonly sent: string;
  readonly answer: Answer;
}

/** Who asks, and how each call is made theirs. */
interface Caller {
  readonly key: string | undefined;
  readonly adapt: (call: Call) => Call;
}

export function sweepOf(product: Product, recipes: Recipes): void {
  const seed = jest.getSeed();
  const lumi = wholeWay({ products: [product], settings: CRYPTO_PAY });
  const stored = new StoredState(lumi.owner);
  let api: DocumentedApi;
  let world: World;
  let thoroughness: Thoroughness;
  let endsAt = 0;

  beforeAll(async () => {
    world = new World(lumi, product, await lumi.buyer({ product, balance: '10000000' }), await lumi.buyer({ product, balance: '1' }), await lumi.operator(product));
    api = new DocumentedApi((await lumi.send('GET', `${world.base}/openapi.json`)).body as Document);
    endsAt = Date.now() + BUDGET_MS;
    thoroughness = new Thoroughness(api.operations.values(), new Random(seed));
  });

  const send = async (operation: Operation, one: Case, { key, adapt }: Caller, call: Call): Promise<Asked> => {
    const { target, text } = one.make(adapt(call));
    const answer = await lumi.send(operation.method, `${world.base}${target}`, {
      ...(key === undefined ? {} : { key }), ...(operation.isMoney || operation.isGuarded ? { idempotencyKey: randomBytes(9).toString('hex') } : {}), ...(text === undefined ? {} : { body: text }), headers: call.headers ?? {},
    });
    return { one, answer, sent: `${operation.method} ${shown(target)} ${shown(text ?? '')}` };
  };

  /** Each with a call that would succeed but for what is wrong: a new one once something was taken after all. */
  const sendAll = async (operation: Operation, cases: readonly Case[], caller: Caller, { call: another, first }: Recipe & { readonly first: Call }): Promise<Asked[]> => {
    const all: Asked[] = [];
    const waiting = [...cases];
    const mayGoOn = (): boolean => all.length < CASES_MIN || Date.now() < endsAt;
    let call = Promise.resolve(first);
    const line = async (): Promise<void> => {
      for (let one = waiting.shift(); one !== undefined && mayGoOn(); one = waiting.shift()) {
        const asked = await send(operation, one, caller, await call);
        all.push(asked);
        if (operation.method !== 'GET' && isTaken(asked.answer)) call = Promise.resolve(another(world));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, line));
    await call; // the last one may be nobody's, and still be on its way
    return all;
  };

  const faultsOf = (operation: Operation, { one, sent, answer }: Asked): string[] => {
    const { status, text, body } = answer;
    // A path of nothing is nobody's: whoever has no key hears of that first, though the path he meant is public.
    if (operation.scopes.includes('public') && one.what.startsWith('path ') && text.includes('"missing_bearer"')) return [];
    const details = detailsIn(body);
    const faults = [
      ...(status >= 500 || text.includes('internal_error') ? ['a fault of ours'] : api.faults(operation, answer)),
      ...(one.isNonsense && !one.isBulkItem && status < 400 ? ['taken, though it is nonsense'] : []),
      ...(details.some((message) => LIBRARY.test(message)) ? ["a sentence of the library's"] : []),
      ...(details.length > DETAILS_MAX && operation.bulk === null ? ['more details than anybody reads'] : []),
    ];
    return faults.map((fault) => `${fault}: ${one.what}: ${sent} → ${String(status)} ${text.slice(0, 240)}`);
  };

  const sweep = async (operation: Operation, cases: readonly Case[], caller: Caller, recipe: Recipe): Promise<void> => {
    let faults: readonly string[] = [];
    let changed: readonly string[] = [];
    let waiting = cases;
    for (let round = 0; round < ROUNDS_MAX && waiting.length > 0; round += 1) {
      const first = await recipe.call(world);
      const before = await stored.read();
      const asked = await sendAll(operation, waiting, caller, { ...recipe, first });
      if (round === 0) faults = asked.flatMap((one) => faultsOf(operation, one));
      waiting = asked.filter(({ one, answer }) => answer.status >= 400 && answer.status !== 409 && !(recipe.atSupplier ?? []).some((field) => one.what.startsWith(`field ${field}:`))).map(({ one }) => one);
      if (waiting.length < asked.length && Date.now() < endsAt) continue;
      if (waiting.length < asked.length) break; // something was taken: what was refused is sent again without it
      const after = await stored.read();
      changed = Object.keys(after).filter((table) => after[table] !== before[table]).map((table) => `${String(asked.length)} requests were refused, and ${table} is not what it was`);
      break;
    }
    expect({ again: `npm test -- sweep --seed ${String(seed)}`, faults, changed }).toEqual({ again: expect.any(String), faults: [], changed: [] });
  };

  it.each(Object.entries(recipes))('%s refuses what is wrong, wherever it stands, and changes nothing', async (id, recipe) => {
    const operation = api.operations.get(id);
    if (operation === undefined) throw new Error(`${id} is in the recipes and not in the document`);
    const random = new Random(hashOf(`${id} ${String(seed)}`));
    const cases = random.some(casesOf(operation, thoroughness, random), Infinity);
    const isForOperators = operation.scopes.includes('admin:*');
    const isPublic = operation.scopes.includes('public');
    await sweep(operation, cases, { key: isPublic ? undefined : isForOperators ? world.operator.key : world.who.key, adapt: (call) => call }, recipe);
    if (isPublic || isForOperators || !operation.takesUserId) return;
    const named = cases.filter(({ what }) => what.startsWith('query user_id') || what.startsWith('field user_id'));
    const adapt = (call: Call): Call => ({ ...call, query: { ...call.query, user_id: world.who.accountId } });
    await sweep(operation, named, { key: world.operator.key, adapt: (call) => call }, recipe);
    await sweep(operation, random.some(cases.filter((one) => !named.includes(one)), OPERATOR_SAMPLE), { key: world.operator.key, adapt }, recipe);
  });

  it('leaves the books right', async () => {
    expect(await lumi.breaches()).toEqual([]);
  });
}

/** Something happened: not so where every item of a bulk failed. */
function isTaken({ status, body }: Answer): boolean {
  const { total, failed } = (body ?? {}) as { readonly total?: number; readonly failed?: number };
  return status < 400 && (total === undefined || total !== failed);
}

/** The messages of all details, those of a bulk's items too. */
function detailsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(detailsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => (name === 'details' && Array.isArray(one) ? one.map((detail) => String((detail as { message?: unknown }).message)) : detailsIn(one)));
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
}
