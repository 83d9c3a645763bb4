import { explained } from './glossary';

const object = (properties: Record<string, unknown>) => ({ type: 'object', properties });

it('says a field’s own words first, then those for its place, then those for its name', () => {
  const words = { size: 'How large.', 'box.size': 'How large the box is.', 'Crate.size': 'How large the crate is.' };
  const schema = object({ size: { type: 'integer' }, box: object({ size: { type: 'integer' } }), boxes: { type: 'array', items: object({ size: { type: 'integer', description: 'Its own.' } }) }, other: { $ref: '#/x' } });
  expect(explained(schema, words, 'Crate')).toEqual(object({
    size: { type: 'integer', description: 'How large the crate is.' }, box: object({ size: { type: 'integer', description: 'How large the box is.' } }),
    boxes: { type: 'array', items: object({ size: { type: 'integer', description: 'Its own.' } }) }, other: { $ref: '#/x' },
  }));
  expect(explained(schema, words)).toMatchObject(object({ size: { description: 'How large.' } }));
});
