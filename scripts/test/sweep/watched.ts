// Sends wrong values between two looks at everything that is stored, until each of them is judged: by its answer, and,
// where it was refused, by nothing having changed.
import { randomBytes } from 'node:crypto';
import type { Operation } from '../contract/documented-api';
import type { StoredState } from '../contract/stored-state';
import type { Call, Recipe, World } from '../contract/world';
import { isTaken, type Asked } from './answer-faults';
import { shown, type Case } from './cases';

const AT_ONCE = 8;
/** Rounds in which refused values are sent again, until none of them is accepted any more; then one by one. */
const ROUNDS_MAX = 3;
const GROUP_SIZE = 24;
const CULPRITS_SHOWN = 3;
/** Which objects were read at the supplier, and when. */
const TURNS = 'platform.sync_turn';
/** Refused for who asks or how often: nobody has looked at the value. */
const BEFORE_ANY_VALUE = [401, 403, 405, 429];
const EXPORTED = 'read-export-link';
/**
 * Which passwords were shown, how often a link was read, and when a provider was last asked: reads write these, refused
 * requests never.
 */
const NOTES_OF_READING: Readonly<Record<string, (operation: Operation) => boolean>> = {
  'proxy.reveal': ({ id, queries }) =>
    id === EXPORTED || queries.some(({ name }) => name === 'reveal' || name === 'template'),
  'proxy.export_link': ({ id }) => id === EXPORTED,
  'proxy.export_link_hour': ({ id }) => id === EXPORTED,
  'platform.deposit': ({ path }) => path.startsWith('/deposits'),
};

/** Who asks, and how each call is made theirs. */
export interface Caller {
  readonly key: string | undefined;
  readonly adapt?: (call: Call) => Call;
  /** Of one who signs, badly: beside which a wrong header stands. */
  readonly headers?: () => Readonly<Record<string, string>>;
}

export interface Task {
  readonly world: World;
  readonly operation: Operation;
  readonly recipe: Recipe;
  readonly caller: Caller;
  readonly endsAt: number;
  /** Something of each place is sent and judged whatever the time is. */
  readonly isInAnyCase: boolean;
}

export interface Seen {
  readonly asked: readonly Asked[];
  readonly judged: ReadonlySet<Case>;
  readonly changed: readonly string[];
}

interface Watched extends Omit<Seen, 'judged'> {
  readonly judged: readonly Case[];
  /** To be looked at without what was taken beside it. */
  readonly again: readonly Case[];
  /** Refused, perhaps for what was taken beside it: to be sent again one after the other. */
  readonly inTurn: readonly Case[];
}

/** First one of each place, then the others while there is time. */
export async function sendAndJudge(stored: StoredState, task: Task, some: readonly Case[]): Promise<Seen> {
  const firsts = new Set(task.isInAnyCase ? firstOfEachPlace(some) : []);
  const size = task.operation.method === 'GET' ? Infinity : GROUP_SIZE;
  const watched: Watched[] = [];
  for (const group of groupsOf([...firsts], size))
    watched.push(await sendWatched(stored, { ...task, endsAt: Infinity }, group));
  for (const group of groupsOf(
    some.filter((one) => !firsts.has(one)),
    size,
  ))
    if (Date.now() < task.endsAt) watched.push(await sendWatched(stored, task, group));
  const asked = watched.flatMap((one) => one.asked);
  // When one was accepted, the refused ones beside it are sent again without it: then nothing may change.
  const isDue = (one: Case): boolean => firsts.has(one) || Date.now() < task.endsAt;
  let waiting = watched.flatMap(({ again }) => again);
  const inTurn = watched.flatMap((one) => one.inTurn).filter(isDue);
  if (inTurn.length > 0) {
    const more = await sendWatched(stored, { ...task, endsAt: Infinity }, inTurn, 1);
    watched.push(more);
    waiting.push(...more.again, ...more.inTurn);
  }
  for (let round = 1; round < ROUNDS_MAX; round += 1) {
    waiting = waiting.filter(isDue);
    if (waiting.length === 0) break;
    const more = await sendWatched(stored, { ...task, endsAt: Infinity }, waiting);
    watched.push(more);
    waiting = [...more.again, ...more.inTurn];
  }
  for (const one of waiting.filter(isDue))
    watched.push(await sendWatched(stored, { ...task, endsAt: Infinity }, [one], 1));
  return {
    asked,
    judged: new Set(watched.flatMap(({ judged }) => judged)),
    changed: watched.flatMap(({ changed }) => changed),
  };
}

/**
 * The call as it is comes through, so that what was refused was refused for what was wrong with it. That the same was
 * done just now, or is being done, says no less.
 */
export async function sendUnchanged({ world, operation, recipe, caller }: Task): Promise<string[]> {
  const { adapt = (call) => call } = caller;
  const call = adapt(await recipe.call(world));
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(call.params?.[name] ?? ''),
  );
  const query = new URLSearchParams(call.query ?? {}).toString();
  const { status, text } = await world.lumi.send(
    operation.method,
    `${world.base}${path}${query === '' ? '' : `?${query}`}`,
    {
      ...(caller.key === undefined ? {} : { key: caller.key }),
      ...(operation.isMoney || operation.isGuarded ? { idempotencyKey: randomBytes(9).toString('hex') } : {}),
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      headers: { ...call.headers },
    },
  );
  return status < 300 || status === recipe.status || status === 409 || status === 429
    ? []
    : [`refused without anything wrong: ${operation.id} → ${String(status)} ${text.slice(0, 240)}`];
}

async function send({ world, operation, caller }: Task, one: Case, call: Call): Promise<Asked> {
  const { key, adapt = (usual) => usual, headers: usualHeaders = () => ({}) } = caller;
  const { target, text, headers } = one.make(adapt(call));
  const answer = await world.lumi.send(operation.method, `${world.base}${target}`, {
    ...(key === undefined ? {} : { key }),
    ...(operation.isMoney || operation.isGuarded ? { idempotencyKey: randomBytes(9).toString('hex') } : {}),
    ...(text === undefined ? {} : { body: text }),
    headers: { ...call.headers, ...usualHeaders(), ...headers },
  });
  return { one, answer, sent: `${operation.method} ${shown(target)} ${shown(text ?? '')}` };
}

/** Each with a call that would succeed without the fault: a new call when a request was accepted after all. */
async function sendAll(task: Task, some: readonly Case[], first: Call, atOnce: number): Promise<Asked[]> {
  const all: Asked[] = [];
  const waiting = [...some];
  let call = Promise.resolve(first);
  const line = async (): Promise<void> => {
    while (Date.now() < task.endsAt) {
      const one = waiting.shift();
      if (one === undefined) return;
      const asked = await send(task, one, await call);
      all.push(asked);
      if (task.operation.method !== 'GET' && isTaken(asked.answer))
        call = call.then(() => task.recipe.call(task.world));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, line));
  await call; // the last one may still be on its way
  return all;
}

/** Reads must never change anything; of the others, refused requests must not. */
async function sendWatched(stored: StoredState, task: Task, some: readonly Case[], atOnce = AT_ONCE): Promise<Watched> {
  const first = await task.recipe.call(task.world);
  const before = await stored.read();
  const asked = await sendAll(task, some, first, atOnce);
  const refused = asked.filter((each) => mustChangeNothing(task, each));
  if (refused.length < asked.length) {
    const isConflict = ({ answer }: Asked): boolean => answer.status === 409 && some.length > 1;
    const casesOf = (each: readonly Asked[]): Case[] => each.map(({ one }) => one);
    return {
      asked,
      judged: casesOf(asked.filter((each) => !refused.includes(each))),
      again: casesOf(refused.filter((each) => !isConflict(each))),
      inTurn: casesOf(refused.filter(isConflict)),
      changed: [],
    };
  }
  const tables = tablesChanged(task, before, await stored.read(), asked);
  return {
    asked,
    judged: asked.filter(hasBeenRead).map(({ one }) => one),
    again: [],
    inTurn: [],
    changed:
      tables.length === 0
        ? []
        : [
            `${String(asked.length)} requests were refused, and ${tables.join(', ')} changed`,
            ...(await culprits(stored, task, asked, first)),
          ],
  };
}

function mustChangeNothing({ operation, recipe }: Task, { one, answer }: Asked): boolean {
  if (operation.method === 'GET') return true;
  const isForTheSupplier = (recipe.atSupplier ?? []).some(
    (name) => one.place === `field ${name}` || one.place === `path ${name}`,
  );
  return answer.status >= 400 && !isForTheSupplier;
}

/** Headers and paths are what others than the readers of values refuse. */
function hasBeenRead({ one: { place }, answer }: Asked): boolean {
  return !/^(?:field|query) /.test(place) || !BEFORE_ANY_VALUE.includes(answer.status);
}

function tablesChanged(
  { operation }: Task,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
  asked: readonly Asked[],
): string[] {
  const isNote = (table: string): boolean =>
    NOTES_OF_READING[table]?.(operation) === true && asked.some(({ answer }) => answer.status < 400);
  const changed = Object.keys(after).filter((table) => after[table] !== before[table] && !isNote(table));
  // A conflict may be the supplier's, whose data are then read and stored; never anything about money.
  const isReadAgain = changed.includes(TURNS) && asked.some(({ answer }) => answer.status === 409);
  return isReadAgain ? changed.filter((table) => table !== TURNS && table.startsWith('platform.')) : changed;
}

/** Which of them it was, when one alone has the same effect. */
async function culprits(stored: StoredState, task: Task, asked: readonly Asked[], call: Call): Promise<string[]> {
  const found: string[] = [];
  for (const { one } of asked) {
    const before = await stored.read();
    const alone = await send(task, one, call);
    const tables = tablesChanged(task, before, await stored.read(), [alone]);
    const { status, text } = alone.answer;
    if (tables.length > 0)
      found.push(`${one.what}: ${alone.sent} → ${String(status)} ${text.slice(0, 240)} changes ${tables.join(', ')}`);
    if (found.length === CULPRITS_SHOWN) break;
  }
  return found;
}

function firstOfEachPlace(cases: readonly Case[]): Case[] {
  return [...new Map([...cases].reverse().map((one) => [one.place, one])).values()];
}

/**
 * By place: when one value is accepted, others are too, so values refused elsewhere are not sent again because of it.
 */
function groupsOf(cases: readonly Case[], size: number): Case[][] {
  const byPlace = new Map<string, Case[]>();
  for (const one of cases) byPlace.set(one.place, [...(byPlace.get(one.place) ?? []), one]);
  const groups: Case[][] = [];
  for (const some of byPlace.values()) {
    const last = groups.at(-1);
    if (last === undefined || last.length >= size) groups.push([...some]);
    else last.push(...some);
  }
  return groups;
}
