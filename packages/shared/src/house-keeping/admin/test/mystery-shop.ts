// A product whose supplier gives no clear answer: its orders and operations get stuck, and operators decide them.
import {
  costLine,
  thingSold,
  viewOrder,
  purchase,
  purchaseFields,
  purchaseReply,
  requestPart,
  type LookUp,
} from '../../../work/purchase';
import { operationKind } from '../../../work/operations';
import { parseUsd } from '../../../ground/money';
import { defineRoute } from '../../../ground/contract';
import { endpoint } from '../../../counter/endpoint';
import { ShiftedClock, testEvent, testService, type TestKey } from '@lumi/shared/testing';
import request from 'supertest';
import { z } from 'zod';
import { stuckEndpoints } from '../stuck-endpoints';

export type Serial = { readonly serial: string };
/** What the supplier answers to a look-up. */
let supplierSays: LookUp<Serial> = { kind: 'unknown' };
export const supplierAnswers = (answer: LookUp<Serial>): void => {
  supplierSays = answer;
};
export const clock = new ShiftedClock();

export const mystery = thingSold<{ name: string }, Serial>({
  kind: 'mystery',
  termsNow: 'fixed',
  describe: () => 'Mystery',
  act: () => Promise.resolve({ kind: 'unknown' }),
  lookUp: () => Promise.resolve(supplierSays),
  deliver: () => [],
  answer: (order, result) => ({ status: 201, body: { serial: result.serial.toUpperCase(), order: viewOrder(order) } }),
  events: () => [],
});

/** An operation without money, at the same supplier. */
export const riddle = operationKind<{ name: string }, Serial>({
  kind: 'riddle',
  act: () => Promise.resolve({ kind: 'unknown' }),
  lookUp: () => Promise.resolve(supplierSays),
  deliver: () => [],
  events: (operation, result) => [
    testEvent('riddle.solved', operation.subject, { serial: result.serial.toUpperCase() }),
  ],
});
export const known = { things: new Map([[mystery.kind, mystery]]), tasks: new Map([[riddle.kind, riddle]]) };

export const shop = testService({
  product: 'proxy',
  clock,
  endpoints: (service) => [
    endpoint(
      defineRoute({
        id: 'buy',
        method: 'POST',
        path: '/mysteries',
        summary: 'Buy',
        description: 'For tests.',
        tag: 'Test',
        scope: 'buy',
        class: 'money',
        reach: 'account',
        body: z.object({ name: z.string(), ...purchaseFields }),
        responses: { 201: { description: 'Bought.' } },
      }),
      async (context) =>
        purchaseReply(
          await purchase(service.purchases, {
            thing: mystery,
            item: { name: context.body.name },
            subject: context.body.name,
            lockKey: null,
            terms: { facts: { name: context.body.name }, cost: [costLine('Mystery', parseUsd('5'))] },
            ...requestPart(context),
          }),
        ),
    ),
    ...stuckEndpoints(service, known),
  ],
});
export const { app } = shop;
let operator: TestKey;
export const theOperator = (): TestKey => operator;

export async function bought(): Promise<{
  accountId: string;
  id: string;
  repeat: () => Promise<{ status: number; body: unknown }>;
}> {
  const who = await shop.account();
  const key = `key-${who.keyId}`;
  const buy = () => request(app).post('/mysteries').set(shop.asMoney(who, key)).send({ name: 'box' });
  const { body } = await buy();
  return { accountId: who.accountId, id: (body as { operation_id: string }).operation_id, repeat: async () => buy() };
}

export const decide = (id: string, what: string, body: object) =>
  request(app).post(`/admin/operations/${id}/${what}`).set(shop.as(operator)).send(body);

beforeAll(async () => {
  operator = await shop.operator();
});
beforeEach(() => {
  supplierSays = { kind: 'unknown' };
});
