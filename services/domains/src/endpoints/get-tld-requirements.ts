// GET /tlds/{tld}/requirements
import { z } from 'zod';
import { defineRoute, notFound } from '@lumi/shared/contract';
import { endpoint, json } from '@lumi/shared/endpoint';
import { requirementsNotes, requirementsSchema, type JsonSchema, type Requested } from '../catalogue/requirements';
import type { DomainsDeps } from '../deps';
import { viewTld } from '../portfolio/tld-view';
import { registerBody } from '../purchases/registration';
import { transferBody } from '../purchases/transfer-wish';

interface Body {
  readonly request: string;
  readonly schema: JsonSchema;
}

const BODIES: Readonly<Record<Requested, Body>> = {
  register: { request: 'POST /domains', schema: asJsonSchema(registerBody) },
  transfer: { request: 'POST /transfers', schema: asJsonSchema(transferBody) },
};

export const getTldRequirements = (domains: DomainsDeps) =>
  endpoint(
    defineRoute({
      id: 'get-tld-requirements',
      method: 'GET',
      path: '/tlds/{tld}/requirements',
      tag: 'Catalogue',
      scope: 'read',
      class: 'regular',
      reach: 'none',
      summary: 'Get what a TLD requires',
      description:
        'The rules of one TLD for the body of a request, as JSON Schema (draft 2020-12), so that a form can be made ' +
        'and checked before anything is sent. A body that follows it is not refused with `requirements_missing`.',
      params: z.object({
        tld: z.string().min(2).max(63).describe('Without the dot: `com`, `co.uk`.').meta({ example: 'de' }),
      }),
      query: z.object({
        operation: z.enum(['register', 'transfer']).optional().describe('Absent: `register`.'),
      }),
      responses: {
        200: {
          description: 'What is required.',
          schema: z.object({
            tld: z.string(),
            operation: z.enum(['register', 'transfer']),
            registerable: z.boolean().describe('Whether the operation is offered for this TLD.'),
            request: z.string().describe('The request that this is the body of.'),
            schema: z.record(z.string(), z.unknown()).describe('JSON Schema, draft 2020-12.'),
            notes: z.array(z.string()).describe('What a schema cannot say.'),
          }),
        },
      },
    }),
    async ({ params, query: { operation = 'register' } }) => {
      await domains.catalogue.ready();
      const tld = domains.catalogue.find(params.tld.toLowerCase());
      if (tld === null) throw notFound();
      const { request, schema } = BODIES[operation];
      return json(200, {
        tld: tld.tld,
        operation,
        registerable: viewTld(tld).ops[operation],
        request,
        schema: requirementsSchema(tld, operation, schema),
        notes: requirementsNotes(tld, operation),
      });
    },
  );

function asJsonSchema(body: z.ZodType): JsonSchema {
  return z.toJSONSchema(body, { io: 'input', unrepresentable: 'any' }) as JsonSchema; // zod's type has every keyword
}
