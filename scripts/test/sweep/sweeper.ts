// Sends wrong values to one operation, and finds every fault in its reaction.
import { randomBytes } from 'node:crypto';
import type { Product } from '@lumi/shared/contract';
import { CRYPTO_PAY } from '../contract/crypto-pay';
import { DocumentedApi, type Document, type Operation } from '../contract/documented-api';
import { StoredState } from '../contract/stored-state';
import { World, type Call, type Recipe } from '../contract/world';
import { wholeWay, type Answer, type WholeWayOptions } from '../whole-way';
import { Thoroughness, casesOf, shown, type Case } from './cases';
import { Random } from './random';

const AT_ONCE = 8;
/** Rounds in which refused values are sent again, until none of them is accepted any more. */
const ROUNDS_MAX = 3;
const GROUP_SIZE = 24;
/** For an operator at an operation of customers; at their own operations, operators send every value. */
const OPERATOR_SAMPLE = 12;
/** Sent even when the time is up. */
const CASES_MIN = 8;
const DETAILS_MAX = 50;
const CULPRITS_SHOWN = 3;
/** The schema library's own messages. */
const LIBRARY = /Invalid|[Ee]xpected|received|Too (?:big|small)|Unrecognized|must match pattern|Required|zod/;
/** Which passwords were shown, and when a provider was last asked: reads write these, refused requests never. */
const NOTES_OF_READING = ['proxy.reveal', 'platform.deposit'];
/** Internal data. */
const INSIDE = /prisma|postgres|sqlstate|node_modules|\.ts:\d|TypeError|RangeError|SyntaxError/i;

export interface Findings {
  readonly faults: readonly string[];
  readonly changed: readonly string[];
}

interface Asked {
  readonly one: Case;
  readonly sent: string;
  readonly answer: Answer;
}

/** The callers, and how each call is made theirs. */
interface Caller {
  readonly key: string | undefined;
  readonly adapt: (call: Call) => Call;
}

interface Watched {
  readonly asked: readonly Asked[];
  /** To be checked without the requests that were accepted beside it. */
  readonly again: readonly Case[];
  readonly changed: readonly string[];
}

interface Task {
  readonly operation: Operation;
  readonly recipe: Recipe;
  readonly caller: Caller;
  readonly endsAt: number;
}

/** Call it once, at the top of a file; call `start` before the sweep. */
export function sweeper(product: Product, seed: number, more: WholeWayOptions['more'] = {}) {
  const lumi = wholeWay({ products: [product], settings: CRYPTO_PAY, more });
  const stored = new StoredState(lumi.owner);
  const counts = { known: 0, sent: 0 };
  let api: DocumentedApi;
  let world: World;
  const cases = new Map<string, readonly Case[]>();

  const send = async ({ operation, caller: { key, adapt } }: Task, one: Case, call: Call): Promise<Asked> => {
    const { target, text, headers } = one.make(adapt(call));
    const answer = await lumi.send(operation.method, `${world.base}${target}`, {
      ...(key === undefined ? {} : { key }),
      ...(operation.isMoney || operation.isGuarded ? { idempotencyKey: randomBytes(9).toString('hex') } : {}),
      ...(text === undefined ? {} : { body: text }),
      headers: { ...call.headers, ...headers },
    });
    return { one, answer, sent: `${operation.method} ${shown(target)} ${shown(text ?? '')}` };
  };

  /** Each with a call that would succeed without the fault: a new call when a request was accepted after all. */
  const sendAll = async (task: Task, some: readonly Case[], first: Call): Promise<Asked[]> => {
    const all: Asked[] = [];
    const waiting = [...some];
    const mayGoOn = (): boolean => all.length < CASES_MIN || Date.now() < task.endsAt;
    let call = Promise.resolve(first);
    const line = async (): Promise<void> => {
      for (let one = waiting.shift(); one !== undefined && mayGoOn(); one = waiting.shift()) {
        const asked = await send(task, one, await call);
        all.push(asked);
        if (task.operation.method !== 'GET' && isTaken(asked.answer)) call = call.then(() => task.recipe.call(world));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, line));
    await call; // the last one may still be on its way
    return all;
  };

  const faultsOf = ({ operation }: Task, { one, sent, answer }: Asked): string[] => {
    const { status, text, body } = answer;
    // An invalid path belongs to no operation: a caller without a key is refused for that first, even when a public
    // path was meant.
    if (operation.scopes.includes('public') && one.what.startsWith('path ') && text.includes('"missing_bearer"'))
      return [];
    const refusal = status >= 400 || operation.bulk !== null ? body : null;
    const sentences = sentencesIn(refusal);
    const faults = [
      ...(status >= 500 || JSON.stringify(refusal).includes('internal_error')
        ? ['a fault of ours']
        : api.faults(operation, answer)),
      ...(one.isNonsense && !one.isBulkItem && status < 400 ? ['taken, though it is nonsense'] : []),
      ...(sentences.some((sentence) => LIBRARY.test(sentence)) ? ["a sentence of the library's"] : []),
      ...(status >= 400 && INSIDE.test(text) ? ['shows what is inside'] : []),
      ...(hasTooManyDetails(refusal) ? ['more details than anybody reads'] : []),
    ];
    return faults.map((fault) => `${fault}: ${one.what}: ${sent} → ${String(status)} ${text.slice(0, 240)}`);
  };

  const tablesChanged = (
    before: Readonly<Record<string, string>>,
    after: Readonly<Record<string, string>>,
    answers: readonly Answer[],
  ): string[] =>
    Object.keys(after).filter(
      (table) =>
        after[table] !== before[table] &&
        !(NOTES_OF_READING.includes(table) && answers.some(({ status }) => status < 400)),
    );

  /** Which of them it was, when one alone has the same effect. */
  const culprits = async (task: Task, asked: readonly Asked[], call: Call): Promise<string[]> => {
    const found: string[] = [];
    for (const { one } of asked) {
      const before = await stored.read();
      const { sent, answer } = await send(task, one, call);
      const tables = tablesChanged(before, await stored.read(), [answer]);
      if (tables.length > 0)
        found.push(
          `${one.what}: ${sent} → ${String(answer.status)} ${answer.text.slice(0, 240)} changes ${tables.join(', ')}`,
        );
      if (found.length === CULPRITS_SHOWN) break;
    }
    return found;
  };

  /**
   * Sent at once between two reads of all stored data. Reads must never change anything; of the others, refused
   * requests must not.
   */
  const sendWatched = async (task: Task, some: readonly Case[]): Promise<Watched> => {
    const { operation, recipe } = task;
    const first = await recipe.call(world);
    const before = await stored.read();
    const asked = await sendAll(task, some, first);
    const refused =
      operation.method === 'GET'
        ? asked
        : asked.filter(
            ({ one, answer }) =>
              answer.status >= 400 &&
              answer.status !== 409 &&
              !(recipe.atSupplier ?? []).some(
                (name) => one.what.startsWith(`field ${name}:`) || one.what.startsWith(`path ${name} `),
              ),
          );
    if (refused.length < asked.length) return { asked, again: refused.map(({ one }) => one), changed: [] };
    const tables = tablesChanged(
      before,
      await stored.read(),
      asked.map(({ answer }) => answer),
    );
    return {
      asked,
      again: [],
      changed:
        tables.length === 0
          ? []
          : [
              `${String(asked.length)} requests were refused, and ${tables.join(', ')} changed`,
              ...(await culprits(task, asked, first)),
            ],
    };
  };

  const sweepBy = async (task: Task, some: readonly Case[]): Promise<Findings> => {
    const watched: Watched[] = [];
    for (const group of groupsOf(some, task.operation.method === 'GET' ? Infinity : GROUP_SIZE)) {
      if (watched.length === 0 || Date.now() < task.endsAt) watched.push(await sendWatched(task, group));
    }
    const asked = watched.flatMap((one) => one.asked);
    counts.known += some.length;
    counts.sent += asked.length;
    const changed = watched.flatMap((one) => one.changed);
    // When one was accepted, the refused ones beside it are sent again without it: then nothing may change.
    let waiting = watched.flatMap(({ again }) => again);
    for (let round = 1; round < ROUNDS_MAX && waiting.length > 0 && Date.now() < task.endsAt; round += 1) {
      const more = await sendWatched(task, waiting);
      changed.push(...more.changed);
      waiting = [...more.again];
    }
    return { faults: asked.flatMap((one) => faultsOf(task, one)), changed };
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
    /** Sends all if there is time until `endsAt`, and some in any case. */
    async sweep(id: string, recipe: Recipe, endsAt: number): Promise<Findings> {
      const operation = api.operations.get(id);
      const all = cases.get(id);
      if (operation === undefined || all === undefined)
        throw new Error(`${id} is in the recipes and not in the document`);
      const random = new Random(hashOf(`${id} by others ${String(seed)}`));
      const isForOperators = operation.scopes.includes('admin:*');
      const isPublic = operation.scopes.includes('public');
      const [usual, signing] = [all.filter(({ isSigning }) => !isSigning), all.filter(({ isSigning }) => isSigning)];
      const found: Findings[] = [];
      const by = async (
        some: readonly Case[],
        key: string | undefined,
        adapt: Caller['adapt'] = (call) => call,
      ): Promise<void> => {
        if (found.length === 0 || Date.now() < endsAt)
          found.push(await sweepBy({ operation, recipe, caller: { key, adapt }, endsAt }, some));
        else counts.known += some.length;
      };
      await by(usual, isPublic ? undefined : isForOperators ? world.operator.key : world.who.key);
      if (signing.length > 0) {
        const version = random.pick<'v1' | 'v2'>(['v1', 'v2']);
        const { key } = await world.once(`signing ${version} ${String(isForOperators)}`, () =>
          isForOperators
            ? lumi.operator(product, { signing: version })
            : lumi.keyOf(world.who.accountId, { product, signing: version }),
        );
        await by(signing, key);
      }
      if (!isPublic && !isForOperators && operation.takesUserId) {
        const named = usual.filter(({ what }) => what.startsWith('query user_id') || what.startsWith('field user_id'));
        await by(named, world.operator.key);
        await by(
          random.some(
            usual.filter((one) => !named.includes(one)),
            OPERATOR_SAMPLE,
          ),
          world.operator.key,
          (call) => ({ ...call, query: { ...call.query, user_id: world.who.accountId } }),
        );
      }
      return { faults: found.flatMap(({ faults }) => faults), changed: found.flatMap(({ changed }) => changed) };
    },
  };
}

/**
 * By place: when one value is accepted, others are too, so values refused elsewhere are not sent again because of it.
 */
function groupsOf(cases: readonly Case[], size: number): Case[][] {
  const byPlace = new Map<string, Case[]>();
  for (const one of cases) {
    const place = one.what.replace(/[:=].*/su, '');
    byPlace.set(place, [...(byPlace.get(place) ?? []), one]);
  }
  const groups: Case[][] = [];
  for (const some of byPlace.values()) {
    const last = groups.at(-1);
    if (last === undefined || last.length >= size) groups.push([...some]);
    else last.push(...some);
  }
  return groups;
}

/** Something was done; not so when every item of a bulk failed. */
function isTaken({ status, body }: Answer): boolean {
  const { total, failed } = (body ?? {}) as { readonly total?: number; readonly failed?: number };
  return status < 400 && (total === undefined || total !== failed);
}

/** The messages of refusals: of errors, of their details, and of a bulk's items. */
function sentencesIn(value: unknown, isRefusal = false): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => sentencesIn(one, isRefusal));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) =>
    isRefusal && name === 'message'
      ? [String(one)]
      : sentencesIn(one, isRefusal || name === 'error' || name === 'problem'),
  );
}

/** In one refusal; each item of a bulk has its own. */
function hasTooManyDetails(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(
    ([name, one]) => (name === 'details' && Array.isArray(one) && one.length > DETAILS_MAX) || hasTooManyDetails(one),
  );
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193);
  return hash >>> 0;
}
