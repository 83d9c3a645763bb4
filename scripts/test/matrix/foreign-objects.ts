// Another customer's objects, in each field that can name one: in the path, in the query, and in the body, including
// fields that the usual call leaves out. The name of a field shows its object: `contact_id` is the id that
// `get-contact` takes.
import type { Operation } from '../contract/documented-api';
import { bodyWith, fieldsOf, type Step } from '../contract/request-fields';
import { unknownLike } from '../contract/unknown-name';
import type { Call, Recipe, World } from '../contract/world';
import { AS_NOBODYS, type Probe, type Scene } from './probe';

const ID_SHAPE = /^[a-z]{2,4}_[0-9a-z]{24}$/;
/** The same for all customers, and shown by no operation of its own. */
const OF_EVERYBODY = new Set(['image_id', 'location_id']);
/** Fields whose name differs from that of their object. */
const BY_ANOTHER_NAME: Readonly<Record<string, string>> = {
  registrant: 'get-contact',
  admin: 'get-contact',
  tech: 'get-contact',
  billing: 'get-contact',
  domains: 'get-domain',
};

/** Where a product has no such operation, the field is short for another one's. */
const SHORT_FOR: Readonly<Record<string, string>> = { 'get-plan': 'get-traffic-plan' };

export interface ForeignObjects {
  readonly probes: readonly Probe[];
  /** The result with the customer's own object at the same place: any but "not found". */
  readonly own: readonly Probe[];
}

interface Calls {
  readonly recipe: Recipe;
  readonly call: Call;
  /** The same of the other customer. */
  readonly theirs: Call;
}

export async function foreignObjects(scene: Scene, operation: Operation, calls: Calls): Promise<ForeignObjects> {
  if (operation.scopes.includes('admin:*')) return { probes: [], own: [] };
  const { recipe, call } = calls;
  const named = [...(await namedInBody(scene, operation, call)), ...(await namedInQuery(scene, operation, call))];
  // Other forms of the body name other objects.
  for (const { what, call: another, status } of recipe.also ?? []) {
    if (status >= 300) continue;
    const { body } = await another(scene.world);
    const more = body === undefined ? [] : await namedInBody(scene, operation, { ...call, body }, what);
    named.push(...more);
  }
  return {
    probes: [...namedInPath(scene, operation, calls), ...named.map(({ foreign }) => foreign)],
    own: named.flatMap(({ own }) => own ?? []),
  };
}

function namedInPath({ world }: Scene, operation: Operation, { recipe, call, theirs }: Calls): Probe[] {
  if (recipe.isCatalogue === true) return [];
  const names = operation.params.filter((name) => !(recipe.open ?? []).includes(name));
  if (names.length === 0) return [];
  const probe = { expected: '404 not_found', key: world.who.key };
  const withName = (name: string, value: string): Call => ({ ...call, params: { ...call.params, [name]: value } });
  return [
    { ...probe, who: 'another customer', key: world.stranger.key, call },
    ...names.map((name) => {
      const [own, foreign = ''] = [call.params?.[name], theirs.params?.[name]];
      if (foreign === '' || foreign === own)
        throw new Error(`the recipe of ${operation.id} has no ${name} of another customer, only ${String(own)}`);
      return {
        ...probe,
        who: `a foreign ${name} in the path`,
        call: withName(name, foreign),
        nobodys: withName(name, unknownLike(foreign)),
      };
    }),
  ];
}

interface Named {
  readonly foreign: Probe;
  /** Absent when the call names one of the customer's own. */
  readonly own?: Probe;
}

/** `form`: only the fields of this form of the body. */
async function namedInBody(scene: Scene, operation: Operation, call: Call, form?: string): Promise<Named[]> {
  const { world, abroad } = scene;
  const named: Named[] = [];
  const places = new Set<string>();
  for (const { path, types } of fieldsOf(operation.requestSchema)) {
    const [place, shows, usual] = [path.join('.'), shownBy(scene, path), at(call.body, path)];
    if (!types.includes('string') || shows === null || (form !== undefined && usual === undefined)) continue;
    if (shows === 'get-domain' && !(await isOurDomain(world, usual))) continue;
    places.add(place);
    const withName = (name: string): Call => ({
      ...call,
      headers: {}, // a batch that is done later returns no result for the item
      body: JSON.parse(bodyWith(operation.requestSchema, call.body ?? {}, path, JSON.stringify(name))) as object,
    });
    const foreign = await nameOf(scene, abroad, shows);
    const where = `${place}${form === undefined ? '' : ` (${form})`}`;
    const probe = { key: world.who.key, ...(path[0] === operation.bulk ? { item: 0 } : {}) };
    named.push({
      foreign: {
        ...probe,
        who: `a foreign ${where}`,
        expected: '404 not_found',
        call: withName(foreign),
        nobodys: withName(unknownLike(foreign)),
      },
      ...(usual === undefined
        ? {
            own: {
              ...probe,
              who: `their own ${where}`,
              expected: 'found',
              call: withName(await nameOf(scene, world, shows)),
            },
          }
        : {}),
    });
  }
  const missed = idPlaces(call.body).filter((place) => !places.has(place));
  if (missed.length > 0) throw new Error(`${operation.id}: nobody knows what ${missed.join(', ')} names`);
  return named;
}

async function namedInQuery(scene: Scene, operation: Operation, call: Call): Promise<Named[]> {
  const named: Named[] = [];
  for (const { name } of operation.queries) {
    const shows = shownBy(scene, [name]);
    if (shows === null || shows === 'get-domain') continue;
    const withName = (value: string): Call => ({ ...call, query: { ...call.query, [name]: value } });
    const foreign = await nameOf(scene, scene.abroad, shows);
    const probe = { key: scene.world.who.key };
    named.push({
      foreign: {
        ...probe,
        who: `a foreign ${name} in the query`,
        expected: AS_NOBODYS,
        call: withName(foreign),
        nobodys: withName(unknownLike(foreign)),
      },
      own: {
        ...probe,
        who: `their own ${name} in the query`,
        expected: 'found',
        call: withName(await nameOf(scene, scene.world, shows)),
      },
    });
  }
  return named;
}

/** The operation that shows the object of this field; null: no object that a customer owns. */
function shownBy({ product, recipes }: Scene, path: readonly Step[]): string | null {
  const field = [...path].reverse().find((step): step is string => typeof step === 'string') ?? '';
  if (field === 'user_id' || OF_EVERYBODY.has(field)) return null;
  if (field === 'domain' && product === 'domains') return 'get-domain';
  const [, thing] = /^(.+)_ids?$/.exec(field) ?? [];
  const byName = BY_ANOTHER_NAME[field] ?? (thing === undefined ? null : `get-${thing.replaceAll('_', '-')}`);
  if (byName === null) return null;
  const shows = recipes[byName] === undefined ? (SHORT_FOR[byName] ?? byName) : byName;
  if (recipes[shows] === undefined) throw new Error(`no operation shows what ${field} names: ${shows} is not there`);
  return recipes[shows].isCatalogue === true ? null : shows;
}

/** Made once for all the fields that name such an object. */
async function nameOf({ recipes }: Scene, world: World, shows: string): Promise<string> {
  const { params = {} } = await world.once(`named by ${shows}`, async () => (await recipes[shows]?.call(world)) ?? {});
  const [name] = Object.values(params);
  if (name === undefined) throw new Error(`the recipe of ${shows} names nothing`);
  return name;
}

/** Names that are to be bought or looked up belong to no customer yet. */
async function isOurDomain({ lumi, base, who }: World, name: unknown): Promise<boolean> {
  return (
    typeof name === 'string' && (await lumi.get(who, `${base}/domains/${encodeURIComponent(name)}`)).status === 200
  );
}

function at(value: unknown, path: readonly Step[]): unknown {
  return path.reduce<unknown>(
    (inside, step) =>
      typeof inside === 'object' && inside !== null ? (inside as Readonly<Record<Step, unknown>>)[step] : undefined,
    value,
  );
}

function idPlaces(value: unknown, path: readonly string[] = []): string[] {
  if (typeof value === 'string') return ID_SHAPE.test(value) ? [path.join('.')] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) => idPlaces(one, [...path, name]));
}
