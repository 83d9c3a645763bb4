import request from 'supertest';
import { z } from 'zod';
import { defineRoute } from '../../ground/contract';
import { testService } from '../../testing';
import { endpoint, json } from './context';

const common = {
  summary: '-',
  description: '-',
  tag: 'Test',
  class: 'regular',
  responses: { 200: { description: '-', schema: z.unknown() } },
} as const;
const { app, account, operator, as } = testService({
  endpoints: () => [
    endpoint(
      defineRoute({
        ...common,
        id: 'look',
        method: 'GET',
        path: '/look/{name}',
        scope: 'read',
        reach: 'account',
        params: z.object({ name: z.string() }),
        query: z.object({ q: z.string().optional() }),
      }),
      ({ params, query }) => json(200, { params, query }),
    ),
    endpoint(
      defineRoute({
        ...common,
        id: 'change',
        method: 'PATCH',
        path: '/change',
        scope: 'write',
        reach: 'account',
        body: z.object({ name: z.string().optional() }),
      }),
      ({ body }) => json(200, { body }),
    ),
  ],
});

const seen = ({ status, body }: request.Response): string => {
  const { code = '', details = [] } =
    (body as { error?: { code: string; details?: { path: string; message: string }[] } }).error ?? {};
  return [status, code, ...details.map(({ path, message }) => `${path}: ${message}`)].join(' ').trim();
};

describe('a mounted endpoint', () => {
  it.each([
    ['?q=%ff', '422 validation_error q: must be UTF-8 text, percent-encoded'],
    ['?q=%', '422 validation_error q: must be UTF-8 text, percent-encoded'],
    ['?q=a&q=b', '422 validation_error q: must be given once'],
    ['?q=a%00', '422 validation_error q: must not contain the character NUL'],
    ['?user_id=a%00b', '422 validation_error user_id: must not contain the character NUL'],
    ['?user_id=%00', '422 validation_error user_id: must not contain the character NUL'],
    ['?user_id=%ff', '422 validation_error user_id: must be UTF-8 text, percent-encoded'],
    ['?user_id=nobody', '404 not_found'],
    ['?', '200'],
  ])('answers an operator that sends %s', async (query, expected) => {
    expect(
      seen(
        await request(app)
          .get(`/look/x${query}`)
          .set(as(await operator())),
      ),
    ).toBe(expected);
  });

  it.each(['%ff', '%', '%00', '%ed%a0%80', 'a%0ab'])('answers 404 for the path %s', async (name) => {
    expect(
      seen(
        await request(app)
          .get(`/look/${name}`)
          .set(as(await account())),
      ),
    ).toBe('404 not_found');
  });

  it.each([
    ['null', '422 validation_error : must be an object'],
    ['[]', '422 validation_error : must be an object'],
    ['""', '422 validation_error : must be an object'],
    ['', '200'],
    ['{}', '200'],
    ['{"user_id":"a\\u0000"}', '422 validation_error : must not contain the character NUL'],
    ['{"name":"\\ud800"}', '422 validation_error : must not contain lone surrogates'],
  ])('answers the body %s', async (body, expected) => {
    expect(
      seen(
        await request(app)
          .patch('/change')
          .set(as(await account()))
          .set('content-type', 'application/json')
          .send(body),
      ),
    ).toBe(expected);
  });
});

it('does not send its document again to a gateway that has it', async () => {
  const who = as(await account());
  const first = await request(app).get('/internal/openapi.json').set(who);
  const tag = String(first.headers['etag']);
  expect([first.status, tag]).toEqual([200, expect.stringMatching(/^"[\w-]{43}"$/)]);
  const again = await request(app).get('/internal/openapi.json').set(who).set('if-none-match', tag);
  expect([again.status, again.headers['etag'], again.text]).toEqual([304, tag, '']);
  expect((await request(app).get('/internal/openapi.json').set(who).set('if-none-match', '"another"')).text).toBe(
    first.text,
  );
  expect((await request(app).get('/internal/openapi.json').set('if-none-match', tag)).status).toBe(401);
});
