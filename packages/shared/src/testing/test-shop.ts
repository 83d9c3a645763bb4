// A product for tests of the shared rooms: gadgets at a fixed price; the buyer selects how the supplier ends.
import { z } from 'zod';
import { defineRoute } from '../ground/contract';
import { endpoint, type Endpoint } from '../counter/endpoint';
import { parseUsd } from '../ground/money';
import {
  costLine,
  purchase,
  purchaseFields,
  purchaseReply,
  requestPart,
  thingSold,
  viewOrder,
  type Outcome,
} from '../work/purchase';
import { testEvent } from './test-event';
import type { Service } from '../house-keeping/service';

export const GADGET_PRICE = '9.99';

type Ending = 'done' | 'refused' | 'pending' | 'unknown';
type Gadget = { readonly name: string; readonly ending: Ending };

/** `POST /gadgets {name, ending}`. */
export function shopEndpoints(service: Service): Endpoint[] {
  return [
    endpoint(
      defineRoute({
        id: 'buy-gadget',
        method: 'POST',
        path: '/gadgets',
        summary: 'Buy a gadget',
        description: 'For tests.',
        tag: 'Test',
        scope: 'buy',
        class: 'money',
        reach: 'account',
        dryRun: true,
        body: z.object({
          name: z.string().min(1).max(64),
          ending: z.enum(['done', 'refused', 'pending', 'unknown']).optional(),
          ...purchaseFields,
        }),
        responses: { 201: { description: 'Bought.' }, 202: { description: 'Not finished.' } },
      }),
      async (context) => {
        const { name, ending } = context.body;
        const item: Gadget = { name, ending: ending ?? 'done' };
        return purchaseReply(
          await purchase(service.purchases, {
            thing: gadget,
            item,
            subject: name,
            lockKey: `gadget:${name}`,
            terms: { facts: { name }, cost: [costLine('Gadget', parseUsd(GADGET_PRICE))] },
            refusal: null,
            ...requestPart(context),
          }),
        );
      },
    ),
  ];
}

export const gadget = thingSold<Gadget, { serial: string }>({
  kind: 'gadget',
  termsNow: 'fixed',
  describe: (order) => `Gadget ${order.item.name}`,
  act: (order) => Promise.resolve(endingOf(order.item.ending, order.id)),
  lookUp: (order) => Promise.resolve(endingOf(order.item.ending === 'unknown' ? 'done' : order.item.ending, order.id)),
  deliver: () => [],
  answer: (order, result) => ({
    status: 201,
    body: { serial: result.serial, order: viewOrder(order) },
    location: `/gadgets/${order.item.name}`,
  }),
  events: (order) => [testEvent('gadget.delivered', order.item.name, { order_id: order.id })],
});

function endingOf(ending: Ending, orderId: string): Outcome<{ serial: string }> {
  switch (ending) {
    case 'done':
      return { kind: 'done', result: { serial: `serial of ${orderId}` } };
    case 'refused':
      return { kind: 'refused', code: 'not_available' };
    case 'pending':
      return { kind: 'pending', supplierRef: `supplier ${orderId}` };
    case 'unknown':
      return { kind: 'unknown' };
  }
}
