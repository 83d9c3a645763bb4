import { describeFields } from './glossary';

const object = (properties: Record<string, unknown>) => ({ type: 'object', properties });

it('prefers a field’s own description, then the one for its parent and name, then the one for its name', () => {
  const words = { size: 'How large.', 'box.size': 'How large the box is.', 'Crate.size': 'How large the crate is.' };
  const schema = () =>
    object({
      size: { type: 'integer' },
      box: object({ size: { type: 'integer' } }),
      boxes: { type: 'array', items: object({ size: { type: 'integer', description: 'Its own.' } }) },
      other: { $ref: '#/x' },
    });
  const described = (outer?: string) => {
    const made = schema();
    describeFields(made, words, outer);
    return made;
  };
  expect(described('Crate')).toEqual(
    object({
      size: { type: 'integer', description: 'How large the crate is.' },
      box: object({ size: { type: 'integer', description: 'How large the box is.' } }),
      boxes: { type: 'array', items: object({ size: { type: 'integer', description: 'Its own.' } }) },
      other: { $ref: '#/x' },
    }),
  );
  expect(described()).toMatchObject(object({ size: { description: 'How large.' } }));
});
