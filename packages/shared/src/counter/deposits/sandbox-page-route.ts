// The common part of both routes of the sandbox pay page.
import { z } from 'zod';

const payPageParams = z.object({
  token: z
    .string()
    .regex(/^[\w-]{32}$/)
    .describe('Identifies the invoice; it cannot be guessed.'),
});
export const PAY_PAGE_ROUTE = {
  path: '/sandbox/pay/{token}',
  tag: 'Callbacks',
  scope: 'public',
  class: 'regular',
  reach: 'none',
  rawBody: true,
  params: payPageParams,
} as const;
export const PAY_PAGE_ANSWERS = { 200: { description: 'An HTML page.', contentType: 'text/html' } };
