import { countItems } from './count-items';

const count = (text: string): number => countItems(Buffer.from(text));

it.each<[string, number]>([
  ['', 0],
  ['{}', 0],
  ['[]', 0],
  ['null', 0],
  ['[1,2,3]', 0],
  ['{"items":[]}', 0],
  ['{"items":[ \n\t]}', 0],
  ['{"items":[1]}', 1],
  ['{ "items" : [ {} , {} ] }', 2],
  ['{"items":[{"a":[1,2,3],"b":{"c":[4,5]}},[6,7],"8,9"],"more":{"items":[1,2,3]}}', 3],
  ['{"\\u0069tems":["a","b"]}', 2],
  ['{"items":["[,\\",]",","]}', 2],
  ['{"a":[1,2],"b":[3]}', 3],
  ['{"items":[1,2', 2],
  ['{"items":["', 1],
])('counts in %s', (text, items) => {
  expect(count(text)).toBe(items);
});

it.each<[string, number]>([
  ['{"select":{"ids":["a","b"]},"with":{}}', 2],
  ['{"ids":["a","b"]}', 0],
  ['{"items":[{"ids":["a","b"]}]}', 0],
  ['{"select":{"ids":[ ]}}', 0],
  ['{"select":{"more":{"ids":[1,2]}}}', 0],
  ['{"select":{"\\u0069ds":[[1,2],[3]],"others":[4]}}', 3],
])('counts in %s what stands one object deeper', (text, items) => {
  expect(countItems(Buffer.from(text), 2)).toBe(items);
});

it('counts what JSON.parse finds', () => {
  for (const many of [1, 9, 10, 11, 500])
    expect(
      count(
        JSON.stringify(
          {
            defaults: { years: 1 },
            items: Array.from({ length: many }, (_, i) => ({ domain: `a,${String(i)}.test`, tags: ['x', 'y'] })),
          },
          null,
          2,
        ),
      ),
    ).toBe(many);
});
