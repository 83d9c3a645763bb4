import request from 'supertest';
import { z } from 'zod';
import { Cursors, defineRoute, pageOf, pageQuery, readPage, toPage, type CursorBinding } from '../../ground/contract';
import { sql } from '../../base/db';
import { endpoint, json, type Endpoint } from '../endpoint';
import type { Service } from '../../house-keeping/process';
import { testService } from '../../testing';
import {
  accountOf,
  pageOfWhole,
  Sorting,
  thingFilterFields,
  whereThings,
  type SortedRow,
  type ThingTable,
} from './index';

const SORTING = new Sorting(
  { expires_at: { column: sql`t.expires_at`, type: 'timestamptz' }, name: { column: sql`t.name`, type: 'text' } },
  { column: sql`t.seq`, type: 'bigint' },
  '-expires_at',
);
const TABLE: ThingTable = { alias: 't', search: [sql`t.name`] };

let mine = '';
// Ten rows; some of them have equal times, or times that differ by one microsecond.
const rows = () => sql`(SELECT i::bigint AS seq, CASE WHEN i = 10 THEN 'usr_other' ELSE ${mine}
    END AS account_id, 'Thing_' || i AS name, CASE WHEN i = 4 THEN 'four' END AS reference,
  CASE WHEN i > 5 THEN '{blue,big}'::text[] ELSE '{}' END AS tags, i % 2 = 0 AS auto_renew,
    '2026-01-01T00:00:00Z'::timestamptz + make_interval(days => i) AS created_at,
  '2026-06-09T12:00:00.000001Z'::timestamptz + (i / 3) * interval '1 microsecond' AS expires_at
    FROM generate_series(1, 10) i)`;

function things(service: Service): Endpoint[] {
  return [
    endpoint(
      defineRoute({
        id: 'list-things',
        method: 'GET',
        path: '/things',
        summary: '-',
        description: '-',
        tag: 'Test',
        scope: 'read',
        class: 'regular',
        reach: 'account',
        query: pageQuery.extend({ ...thingFilterFields, sort: SORTING.field }),
        responses: { 200: { description: '-', schema: pageOf(z.string()) } },
      }),
      async ({ reach, query: { limit, cursor, sort = SORTING.fallback, ...filter } }) => {
        const binding: CursorBinding = { account: accountOf(reach), route: 'list-things', filter: { ...filter, sort } };
        const page = readPage({ limit, cursor }, service.cursors, binding);
        const found = await service.db.platform.$queryRaw<(SortedRow & { name: string })[]>(sql`
        SELECT t.name, ${SORTING.select(sort)} FROM ${rows()} t
          ${whereThings(TABLE, reach, filter, [SORTING.after(sort, page.after)])}
            ${SORTING.orderBy(sort)} LIMIT ${page.limit + 1}::int`);
        return json(
          200,
          toPage(
            found,
            page,
            service.cursors,
            binding,
            (row) => SORTING.position(row),
            ({ name }) => name,
          ),
        );
      },
    ),
  ];
}

const { app, account, as } = testService({ endpoints: things });

async function all(query: string): Promise<string[]> {
  const who = await account();
  mine = who.accountId;
  const names: string[] = [];
  for (let cursor: string | null = ''; cursor !== null && names.length < 50;) {
    const answer: { status: number; body: { items: string[]; next_cursor: string | null } } = await request(app)
      .get(`/things?${query}${cursor === '' ? '' : `&cursor=${cursor}`}`)
      .set(as(who));
    expect(answer.status).toBe(200);
    names.push(...answer.body.items);
    cursor = answer.body.next_cursor;
  }
  return names.map((name) => name.slice(6));
}

describe('a list', () => {
  it('shows each row once, page by page, in both directions, with equal or almost equal times', async () => {
    expect(await all('limit=2&sort=expires_at')).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
    expect(await all('limit=2')).toEqual(['9', '8', '7', '6', '5', '4', '3', '2', '1']);
    expect(await all('limit=4&sort=-name')).toEqual(['9', '8', '7', '6', '5', '4', '3', '2', '1']);
  });

  it('has the filters that all products share', async () => {
    expect(await all('sort=name&reference=four')).toEqual(['4']);
    expect(await all('sort=name&tag=blue&auto_renew=false')).toEqual(['7', '9']);
    expect(await all('sort=name&q=thing_1')).toEqual(['1']);
    expect(await all('sort=name&q=thing%251')).toEqual([]);
    expect(await all('sort=name&created_after=2026-01-03&created_before=2026-01-05T00:00:00Z')).toEqual(['2', '3']);
    expect(await all('sort=name&expires_before=2026-06-09')).toEqual([]);
    expect(await all('sort=name&expires_after=2026-06-09')).toHaveLength(9);
  });
});

describe('a list that is read whole', () => {
  const cursors = new Cursors('a secret of at least 32 characters');
  const page = (items: readonly string[], query: { limit?: string; cursor?: string; kind?: string }, of = 'shelf-1') =>
    pageOfWhole(items, { route: 'list-books', of, query, cursors, key: (item) => item, view: (item) => item });

  it('has pages like any other, with each item once', () => {
    const first = page(['a', 'b', 'c', 'd', 'e'], { limit: '2' });
    expect(first).toEqual({ items: ['a', 'b'], next_cursor: expect.any(String), has_more: true });
    const second = page(['a', 'b', 'c', 'd', 'e'], { limit: '2', cursor: first.next_cursor ?? '' });
    expect(second).toMatchObject({ items: ['c', 'd'], has_more: true });
    expect(page(['a', 'b', 'c', 'd', 'e'], { limit: '2', cursor: second.next_cursor ?? '' })).toEqual({
      items: ['e'],
      next_cursor: null,
      has_more: false,
    });
  });

  it('continues after the last item that was shown, also when items were added or removed before it', () => {
    const cursor = page(['a', 'b', 'c', 'd'], { limit: '2' }).next_cursor ?? '';
    expect(page(['0', 'a', 'b', 'c', 'd'], { cursor }).items).toEqual(['c', 'd']);
    expect(page(['b', 'c', 'd'], { cursor }).items).toEqual(['c', 'd']);
    expect(page(['a', 'c', 'd'], { cursor }).items).toEqual(['c', 'd']);
    expect(page([], { cursor }).items).toEqual([]);
  });

  it('refuses a cursor of another filter, or of another object’s list', () => {
    const cursor = page(['a', 'b', 'c'], { limit: '1' }).next_cursor ?? '';
    expect(() => page(['a', 'b', 'c'], { cursor, kind: 'x' })).toThrow(
      expect.objectContaining({ code: 'validation_error' }),
    );
    expect(() => page(['a', 'b', 'c'], { cursor }, 'shelf-2')).toThrow(
      expect.objectContaining({ code: 'validation_error' }),
    );
  });
});
