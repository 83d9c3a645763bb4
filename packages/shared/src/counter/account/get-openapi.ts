import { z } from 'zod';
import { defineRoute } from '../../ground/contract';
import { endpoint, type Endpoint } from '../endpoint';

export function getOpenapi(): Endpoint {
  return endpoint(
    defineRoute({
      id: 'get-openapi',
      method: 'GET',
      path: '/openapi.json',
      summary: 'Get the OpenAPI document',
      tag: 'Reference',
      scope: 'public',
      class: 'regular',
      reach: 'none',
      description: 'This API as an OpenAPI 3.1 document. Needs no key.',
      responses: { 200: { description: 'The document.', schema: z.record(z.string(), z.unknown()) } },
    }),
    ({ apiDocument }) => ({ status: 200, bytes: apiDocument, headers: { 'Cache-Control': 'public, max-age=60' } }),
  );
}
