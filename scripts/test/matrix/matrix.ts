// Sends one operation as every caller who must be refused, and checks the answers and the stored data.
import { randomBytes } from 'node:crypto';
import { IDENTITY_HEADER } from '@lumi/shared/principal';
import type { Product } from '@lumi/shared/contract';
import { CRYPTO_PAY } from '../contract/crypto-pay';
import { DocumentedApi, type Document, type Operation } from '../contract/documented-api';
import { isGuarded } from '../contract/guarded-requests';
import { StoredState } from '../contract/stored-state';
import { World, type Recipe, type Recipes } from '../contract/world';
import { wholeWay, type Answer, type Sent, type WholeWayOptions } from '../whole-way';
import { foreignAccounts } from './foreign-accounts';
import { foreignObjects } from './foreign-objects';
import { straightAtTheService } from './identities';
import { AS_NOBODYS, outcomeOf, targetOf, textOf, toldBy, type Probe, type Scene } from './probe';
import { scopeless } from './scopeless';
import { strangers } from './strangers';
import { unsigned } from './unsigned';

/** A bulk that was accepted and whose item failed is stored as one. */
const OF_A_BULK = [
  'platform.batch',
  'platform.batch_item',
  'platform.idempotency',
  'platform.event',
  'platform.quote',
  'platform.quote_line',
  'platform.outbox',
];

export interface Outcomes {
  /** `who: status code`, in the order of the probes. */
  readonly seen: readonly string[];
  readonly promised: readonly string[];
  readonly changed: readonly string[];
}

/** Call it once, at the top of a file; call `start` before any request. */
export function matrix(product: Product, recipes: Recipes, more: WholeWayOptions['more'] = {}) {
  const lumi = wholeWay({ products: [product], settings: CRYPTO_PAY, more });
  const stored = new StoredState(lumi.owner);
  let api: DocumentedApi;
  let scene: Scene;

  const start = async (): Promise<void> => {
    const [who, stranger, operator] = [
      await lumi.buyer({ product, balance: '100000' }),
      await lumi.buyer({ product, balance: '100000' }),
      await lumi.operator(product),
    ];
    const [world, abroad] = [
      new World(lumi, product, who, stranger, operator),
      new World(lumi, product, stranger, who, operator),
    ];
    scene = {
      product,
      lumi,
      recipes,
      world,
      abroad,
      keyOf: (name, wishes) => world.once(name, () => lumi.keyOf(who.accountId, { product, ...wishes })),
    };
    api = new DocumentedApi((await lumi.send('GET', `${world.base}/openapi.json`)).body as Document);
  };

  const outcomesOf = async (id: string, recipe: Recipe): Promise<Outcomes> => {
    const operation = api.operations.get(id);
    if (operation === undefined) throw new Error(`${id} is in the recipes and not in the document`);
    const isPublic = operation.scopes.includes('public');
    // The other customer's first: it may move the clock, and the own object must be as the recipe leaves it.
    const theirs = isPublic || operation.params.length === 0 ? {} : await recipe.call(scene.abroad);
    const call = await recipe.call(scene.world);
    const { probes: objects, own } = isPublic
      ? { probes: [], own: [] }
      : await foreignObjects(scene, operation, { recipe, call, theirs });
    const probes = [
      ...(isPublic ? [] : await strangers(scene, call)),
      ...straightAtTheService(scene, operation, call),
      ...(isPublic ? [] : await scopeless(scene, operation, call)),
      ...(isPublic ? [] : foreignAccounts(scene, operation, recipe, call)),
      ...objects,
      ...(isPublic ? [] : await unsigned(scene, operation, call)),
    ];
    const inItems = probes.filter(({ item }) => item !== undefined);
    const [refused, failed] = [
      await askAll(
        operation,
        probes.filter((probe) => !inItems.includes(probe)),
      ),
      await askAll(operation, inItems),
    ];
    // Last, because it changes data: the permitted callers succeed, so the refusals above had no other reason.
    const allowed = await letThrough(operation, recipe, own, call);
    return {
      seen: [...refused.seen, ...failed.seen, ...allowed.seen],
      promised: [...refused.promised, ...failed.promised, ...allowed.promised],
      changed: [...refused.changed, ...failed.changed.filter((table) => !OF_A_BULK.includes(table))],
    };
  };

  const askAll = async (operation: Operation, probes: readonly Probe[]): Promise<Outcomes> => {
    const before = await stored.read();
    const seen: string[] = [];
    for (const probe of probes) seen.push(`${probe.who}: ${await outcome(operation, probe)}`);
    const after = await stored.read();
    return {
      seen,
      promised: probes.map(({ who, expected, says }) => `${who}: ${expected}${says === undefined ? '' : `: ${says}`}`),
      changed: Object.keys(after).filter((table) => after[table] !== before[table]),
    };
  };

  const outcome = async (operation: Operation, probe: Probe): Promise<string> => {
    const answer = await ask(operation, probe);
    if (probe.nobodys === undefined) return outcomeOf(answer, probe);
    const nobodys = await ask(operation, { ...probe, call: probe.nobodys });
    const [told, ofNobodys] = [toldBy(answer, probe), toldBy(nobodys, probe)];
    const isTheSame = told === ofNobodys;
    if (probe.expected === AS_NOBODYS && isTheSame) return AS_NOBODYS;
    return isTheSame
      ? outcomeOf(answer, probe)
      : `told from what is nobody's: ${told.slice(0, 200)} and ${ofNobodys.slice(0, 200)}`;
  };

  const letThrough = async (
    operation: Operation,
    recipe: Recipe,
    own: readonly Probe[],
    call: Probe['call'],
  ): Promise<Omit<Outcomes, 'changed'>> => {
    const { who, stranger, operator } = scene.world;
    const isPublic = operation.scopes.includes('public');
    const good = recipe.status ?? Object.keys(operation.responses).find((status) => status < '400');
    const key = isPublic ? null : operation.scopes.includes('admin:*') ? operator.key : who.key;
    const probes = [
      { who: 'whoever may', key, call, expected: String(good) },
      ...(recipe.isCatalogue === true ? [{ who: 'everybody', key: stranger.key, call, expected: String(good) }] : []),
    ];
    const seen: string[] = [];
    for (const probe of probes) {
      const { status, text } = await ask(operation, probe);
      seen.push(`${probe.who}: ${String(status) === probe.expected ? probe.expected : `${String(status)} ${text}`}`);
    }
    for (const probe of own) {
      const found = await outcome(operation, probe);
      seen.push(`${probe.who}: ${found.startsWith('404') ? found : 'found'}`);
    }
    return { seen, promised: [...probes, ...own].map(({ who: one, expected }) => `${one}: ${expected}`) };
  };

  const ask = async (operation: Operation, { key, call, headers = {}, identity, ...probe }: Probe): Promise<Answer> => {
    const [target, text] = [targetOf(operation, call), textOf(call)];
    const sent: Sent = {
      ...(key === null ? {} : { key }),
      ...(operation.isMoney || isGuarded(operation)
        ? { idempotencyKey: probe.idempotencyKey ?? randomBytes(9).toString('hex') }
        : {}),
      ...(text === undefined ? {} : { body: text }),
      headers: { ...call.headers, ...headers },
    };
    if (identity !== undefined)
      return lumi.straight(product, operation.method, target, {
        ...sent,
        headers: { ...sent.headers, ...(identity === null ? {} : { [IDENTITY_HEADER]: identity }) },
      });
    const answer = await lumi.send(operation.method, `${scene.world.base}${target}`, sent);
    expect({ id: operation.id, status: answer.status, faults: api.faults(operation, answer) }).toEqual({
      id: operation.id,
      status: answer.status,
      faults: [],
    });
    return answer;
  };

  return { lumi, start, outcomesOf, operations: () => [...api.operations.values()] };
}
