// The generic contract test calls every operation of a product's OpenAPI document, with valid and invalid requests, and
// checks every answer against that document. An operation without a recipe fails the test, so a new endpoint cannot be
// forgotten. A documented refusal that no request provokes fails it too.
import type { Product } from '@lumi/shared/contract';
import { wholeWay } from '../whole-way';
import { askerOf, type Asker, type More } from './asker';
import { CRYPTO_PAY } from './crypto-pay';
import { DocumentedApi, type Document, type Operation } from './documented-api';
import {
  isGuarded,
  placesOfAutoRenew,
  refuseRenewalWithoutBothScopes,
  refuseUnsigned,
  rememberGuarded,
} from './guarded-requests';
import { letThrough, sendExample } from './let-through';
import { refuseMoney, refuseNonsense, refuseStrangers, refuseTooMany, refuseUnknown } from './refusals';
import { World, type Recipe, type Recipes } from './world';

/**
 * Codes that every operation with them must show. The others are an object's own refusals (other tests show them), our
 * faults, and those of the switches in the last tests here.
 */
const FROM_OUTSIDE = new Set([
  'bad_request',
  'missing_bearer',
  'invalid_key',
  'forbidden_scope',
  'not_found',
  'validation_error',
  'rate_limited',
  'payload_too_large',
  'batch_too_large',
  'invalid_signature',
  'idempotency_key_required',
  'idempotency_key_reused',
  'in_progress',
  'daily_cap_exceeded',
  'insufficient_balance',
]);

export function contractOf(product: Product, recipes: Recipes): void {
  const lumi = wholeWay({ products: [product], settings: CRYPTO_PAY });
  let api: DocumentedApi;
  let world: World;
  let asker: Asker;

  beforeAll(async () => {
    const [who, stranger] = [
      await lumi.buyer({ product, balance: '100000' }),
      await lumi.buyer({ product, balance: '100000' }),
    ];
    world = new World(lumi, product, who, stranger, await lumi.operator(product));
    api = new DocumentedApi((await lumi.send('GET', `${world.base}/openapi.json`)).body as Document);
    asker = askerOf(world, api);
  });

  const operationOf = (id: string): Operation => {
    const found = api.operations.get(id);
    if (found === undefined) throw new Error(`${id} is in the recipes and not in the document`);
    return found;
  };

  it('declares every place of auto_renew in its bodies', () => {
    const [inSchemas, declared] = [
      [...api.operations.values()].map((one) => [one.id, placesOfAutoRenew(one.requestSchema)]),
      [...api.operations.values()].map((one) => [
        one.id,
        one.autoRenew.filter((place) => !place.startsWith('defaults.')),
      ]),
    ];
    expect(declared).toEqual(inSchemas);
  });

  it('has a recipe for every operation of the document, and for no other', () => {
    expect([...api.operations.keys()].sort()).toEqual(Object.keys(recipes).sort());
  });

  describe.each(Object.entries(recipes))('%s', (id, recipe) => {
    it('answers as documented, to valid and invalid requests', async () => {
      const operation = operationOf(id);
      const isPublic = operation.scopes.includes('public');
      const isForOperators = operation.scopes.includes('admin:*');
      const who = isPublic ? null : isForOperators ? world.operator : world.who;
      const call = await recipe.call(world);

      if (!isPublic) await refuseStrangers(asker, operation, call);
      await refuseNonsense(asker, operation, call, who);
      if (operation.isMoney) await refuseMoney(asker, operation, { recipe, call });
      if (isGuarded(operation)) await refuseUnsigned(asker, operation, call);
      await refuseRenewalWithoutBothScopes(asker, operation, call);
      if (operation.params.length > 0) await refuseUnknown(asker, operation, { recipe, call, who });
      await letThrough(asker, operation, { recipe, call, who });
      if (isGuarded(operation) && who !== null)
        await rememberGuarded(asker, operation, { recipe, call: await recipe.call(world), who });
      for (const { what, call: another, status } of recipe.also ?? []) {
        const answer = await asker.ask(operation, await another(world), who);
        expect([what, answer.status, answer.text]).toEqual([what, status, answer.text]);
      }
      await sendExample(asker, operation, { recipe, who });
      if (!isPublic) await refuseTooMany(asker, operation, call);
      const promised = Object.values(operation.responses).flatMap((response) => response['x-lumi-codes'] ?? []);
      expect({
        id,
        unseen: promised.filter(
          (code) => FROM_OUTSIDE.has(code) && !api.seen.has(`${id} ${code}`) && !isUnprovoked(operation, recipe, code),
        ),
      }).toEqual({ id, unseen: [] });
    });
  });

  it('leaves the books right', async () => {
    expect(await lumi.breaches()).toEqual([]);
  });

  describe('switched off', () => {
    const all = async (
      expected: string,
      more: More,
      wanted: (operation: Operation) => boolean = () => true,
    ): Promise<void> => {
      for (const operation of [...api.operations.values()].filter(wanted)) {
        const who = operation.scopes.includes('public')
          ? null
          : operation.scopes.includes('admin:*')
            ? world.operator
            : world.who;
        await asker.refused(
          expected,
          asker.ask(
            operation,
            {
              params: Object.fromEntries(operation.params.map((name) => [name, 'any'])),
              ...(operation.hasBody ? { body: {} } : {}),
            },
            who,
            more,
          ),
        );
      }
    };

    it('refuses every money request when money is switched off', async () => {
      await all(
        '403 money_disabled',
        { send: await lumi.gateway({ API_MONEY_ENABLED: 'false' }) },
        ({ isMoney }) => isMoney,
      );
    });

    it('refuses every request when the API is switched off', async () => {
      await all('503 api_disabled', { send: await lumi.gateway({ API_ENABLED: 'false' }) });
    });

    it('answers service_unavailable to every operation when the service is down', async () => {
      const send = await lumi.gateway({ PUBLIC_PER_MINUTE: '100000' });
      await lumi.stopServing(product);
      // The gateway has the document itself.
      await all('503 service_unavailable', { send }, ({ id }) => id !== 'get-openapi');
    });
  });
}

/** Documented, but not possible for every request: a route without a key or an object has no such case. */
function isUnprovoked(
  { scopes, params, takesUserId, hasRawBody, bulk }: Operation,
  { isFree = false }: Recipe,
  code: string,
): boolean {
  switch (code) {
    case 'not_found':
      return params.length === 0 && !takesUserId;
    case 'rate_limited': // by address, for all of them together
      return scopes.includes('public');
    case 'validation_error':
      return hasRawBody;
    case 'daily_cap_exceeded': // the items of a bulk that would pass it fail alone
      return isFree || bulk !== null;
    case 'insufficient_balance':
      return isFree;
    default:
      return false;
  }
}
