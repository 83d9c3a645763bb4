import { readQuery } from './read-query';

const read = (text: string): unknown => {
  const { values, fault } = readQuery(text);
  return fault === null ? values : fault.details?.map(({ path, message }) => `${path} ${message}`).join();
};

describe('a query', () => {
  it.each([
    ['', {}],
    ['&', {}],
    ['a=1&b=x+y%20z', { a: '1', b: 'x y z' }],
    ['a', { a: '' }],
    ['a==', { a: '=' }],
    ['q=m%C3%BCnchen&constructor=1', { q: 'münchen', constructor: '1' }],
  ])('%j is read correctly', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it.each([
    ['a=1&a=1', 'a must be given once'],
    ['a=1&%61=2', 'a must be given once'],
    ['q=%ff', 'q must be UTF-8 text, percent-encoded'],
    ['q=%', 'q must be UTF-8 text, percent-encoded'],
    ['q=%zz', 'q must be UTF-8 text, percent-encoded'],
    ['q=%ed%a0%80', 'q must be UTF-8 text, percent-encoded'],
    ['q=%c0%80', 'q must be UTF-8 text, percent-encoded'],
    ['q=\xff', 'q must be UTF-8 text, percent-encoded'],
    ['%ff=1', ' must be UTF-8 text, percent-encoded'],
    ['user_id=a%00b', 'user_id must not contain the character NUL'],
    ['a%00=b', 'a\0 must not contain the character NUL'],
    ['__proto__=1', '__proto__ is not a name this API takes'],
  ])('%j is refused', (text, expected) => {
    expect(read(text)).toBe(expected);
  });
});
