// Values that people and programs send by mistake. One of each kind is tried at every field; the seed selects it.
import type { JsonText, Type } from '../contract/request-fields';
import type { Random } from './random';

const text = (value: unknown): JsonText => JSON.stringify(value);
const texts = (...values: readonly [string, ...string[]]) => values.map(text) as [JsonText, ...JsonText[]];
const nested = (open: string, close: string, depth: number): JsonText => `${open.repeat(depth)}1${close.repeat(depth)}`;

const OF_TYPE: Readonly<Record<Type, readonly [JsonText, ...JsonText[]]>> = {
  string: ['"text"', '"1"', '"true"'],
  number: ['7', '0', '1.5'],
  boolean: ['true', 'false'],
  array: ['[]', '["a"]', '[null]'],
  object: ['{}', '{"a":1}'],
  null: ['null'],
};

const HUGE: Readonly<Record<Type, readonly [JsonText, ...JsonText[]]>> = {
  string: [text('a'.repeat(300)), text('9'.repeat(400)), text('ä'.repeat(5_000)), text(`${'a.'.repeat(2_000)}test`)],
  number: ['1e308', '9007199254740991', '9007199254740993', '2147483648', '9223372036854775808', '1e400'],
  boolean: ['2'],
  array: [
    `[${Array.from({ length: 600 }, () => '"a"').join()}]`,
    `[${Array.from({ length: 600 }, () => '{}').join()}]`,
  ],
  object: [`{${Array.from({ length: 600 }, (_, i) => `"n${String(i)}":"v"`).join()}}`],
  null: ['0'],
};

const INSTANTS = texts(
  '+010000-01-01T00:00:00Z',
  '10000-01-01',
  '-000001-01-01T00:00:00Z',
  '-4713-01-01',
  '275760-09-13T00:00:00Z',
  '2026-02-30',
  '2026-02-29T00:00:00Z',
  '2026-13-01',
  '2026-06-09T24:00:00Z',
  '2026-06-09T25:00:00Z',
  '2016-12-31T23:59:60Z',
  '2026-06-09T12:00:00+99:99',
  '2026-06-09T12:00:00',
  '2026-06-09T12:00:00.123456789123Z',
  '2026-06-09 12:00:00',
  'infinity',
  '-infinity',
  'now',
  'epoch',
  'today',
  'Tue, 09 Jun 2026 12:00:00 GMT',
  '1781006400',
  '٢٠٢٦-١١-٢٧',
);
const ADDRESSES = texts(
  '::ffff:192.0.2.1',
  '::7f00:1',
  '1.2.3.4.5',
  '01.02.03.04',
  '0x7f.1',
  '127.1',
  '256.0.0.1',
  '192.0.2.1/33',
  '192.0.2.0/-1',
  '2001:db8::/129',
  '2001:db8::/1e1',
  '192.0.2.1/',
  '192.0.2.1:80',
  '[2001:db8::1]',
  '2001:db8:::1',
  '1:2:3:4:5:6:7:8:9',
  '::',
  '0.0.0.0/0',
  '١٩٢.٠.٢.١',
  '192.0.2.1\u0000',
  ' 192.0.2.1 ',
);

type Kind = (random: Random, types: readonly Type[]) => JsonText;

const fitting = (
  random: Random,
  types: readonly Type[],
  from: Readonly<Record<Type, readonly [JsonText, ...JsonText[]]>>,
): JsonText => random.pick(from[types[0] ?? 'string']);

export const KINDS: Readonly<Record<string, Kind>> = {
  'another type': (random, types) => {
    const others = (Object.keys(OF_TYPE) as Type[]).filter((type) => !types.includes(type) && type !== 'null');
    return random.pick(OF_TYPE[others[random.below(others.length)] ?? 'null']);
  },
  empty: (_random, types) => (types.includes('array') ? '[]' : types.includes('object') ? '{}' : '""'),
  blank: (random) =>
    random.pick(texts(' ', '   ', '\t', '\n', '\r\n', '\u00a0', '\u2003', '\u200b', '\u3000', '\ufeff', '\u2028')),
  huge: (random, types) => fitting(random, types, HUGE),
  negative: (random, types) =>
    random.pick(
      types.includes('number')
        ? ['-1', '-0', '-2147483649', '-9007199254740993']
        : texts('-1', '-0', '-5.00', '-0.01', '--1', '-'),
    ),
  exponent: (random, types) =>
    random.pick(
      types.includes('number')
        ? ['1e3', '1e-7', '1E+2', '1e400', '-1e400', '0.1e1', '1.0']
        : texts('1e3', '1E5', '1e-7', '5,00', '.5', '5.', '0x10', '1_000', '+1', '00', 'NaN', 'Infinity', '1 000'),
    ),
  'other digits': (random) => random.pick(texts('٥', '١٠٠', '१२', '１２', '²', '½', '𝟙', 'Ⅷ', '٥.٠٠', '१.२', '௧')),
  NUL: (random) => random.pick(texts('\0', 'a\0b', 'example.com\0', '5.00\0', `srv_${'0'.repeat(23)}\0`)),
  'lone surrogate': (random) => random.pick(['"\\ud800"', '"a\\udfff"', '"\\udc00\\ud800"', '"\\uD83D"']),
  'year 0000': (random) =>
    random.pick(
      texts(
        '0000-01-01T00:00:00Z',
        '0000-01-01',
        '0000-02-29',
        '0001-01-01T00:00:00+14:00',
        '0000-12-31T23:59:59-14:00',
      ),
    ),
  'year 9999': (random) =>
    random.pick(
      texts('9999-12-31T23:59:59Z', '9999-12-31', '9999-12-31T23:59:59.999999999Z', '9999-12-31T23:59:59-14:00'),
    ),
  instant: (random) => random.pick(INSTANTS),
  'IPv6 with zone': (random) =>
    random.pick(
      texts(
        'fe80::1%eth0',
        'fe80::1%25eth0',
        '::1%',
        '2001:db8::1%1',
        '::ffff:192.0.2.1%1',
        'fe80::1%eth0/64',
        '2001:db8::/32%eth0',
      ),
    ),
  address: (random) => random.pick(ADDRESSES),
  array: (random, types) =>
    random.pick(
      types.includes('array')
        ? ['[[]]', '[[["a"]]]', '[null]', '[1,"a",true]', '[{}]']
        : ['["a"]', '[]', '[1]', '[[]]'],
    ),
  'deep object': (random) =>
    random.pick([
      '{"a":{"b":{"c":{"d":1}}}}',
      nested('{"a":', '}', 28),
      nested('{"a":', '}', 200),
      nested('[', ']', 30),
      nested('[', ']', 20_000),
      '{"constructor":{"prototype":{"x":1}}}',
      '{"$ne":null}',
    ]),
  null: () => 'null',
  unknown: (random) =>
    random.pick(
      texts(
        'nothing-like-this',
        `srv_${'0'.repeat(24)}`,
        `usr_${'z'.repeat(24)}`,
        'nobodys.test',
        '__proto__',
        'constructor',
        'toString',
        'hasOwnProperty',
        'valueOf',
        'undefined',
        'null',
        '[object Object]',
      ),
    ),
  'odd text': (random) =>
    random.pick(
      texts(
        '%',
        '%00',
        '%ff',
        '\\',
        '\\u0000',
        "'",
        '"',
        "'; DROP TABLE platform.orders; --",
        '../../etc/passwd',
        '<b>',
        '{{7*7}}',
        '${1}',
        '$1',
        '*',
        ',',
        'a,b',
        '.',
        '..',
        '-',
        'xn--',
        'xn--a',
        'xn--zzzzzzzz.test',
        '\u202eabc',
        '\u0007',
        '\u007f',
        '\u0085',
        'é',
        'e\u0301',
        'ß',
        'İ',
        '💥',
        '\ufffe',
        '\uffff',
        '\u{10ffff}',
        'a'.repeat(64),
        'a'.repeat(256),
        '\u0300'.repeat(100),
        'ﷺ'.repeat(20),
      ),
    ),
};

/** Whole bodies. */
export const BODIES: readonly (readonly [kind: string, body: string])[] = [
  ['null', 'null'],
  ['a list', '[]'],
  ['a text', '"{}"'],
  ['a number', '5'],
  ['true', 'true'],
  ['half', '{"a":'],
  ['two', '{}{}'],
  ['a name twice', '{"a":1,"a":1}'],
  ['__proto__', '{"__proto__":{"x":1}}'],
  ['deep', nested('{"a":', '}', 33)],
  ['very deep', nested('[', ']', 20_000)],
  ['NUL', '{"a":"\\u0000"}'],
  ['a raw control character', '{"a":"\u0001"}'],
  ['a name with NUL', '{"a\\u0000":1}'],
  ['a byte order mark', '\ufeff{}'],
  ['NaN', '{"a":NaN}'],
  ['a comment', '{} // no'],
  ['blank', ' '],
  ['single quotes', "{'a':1}"],
  ['many names', HUGE.object[0]],
  ['an infinite number', '{"a":1e400}'],
];

/** Objects whose names are the caller's to choose. */
export const ODD_NAMES: readonly JsonText[] = [
  '""',
  '" "',
  '"\\u0000"',
  '"a\\u0000"',
  '"\\ud800"',
  '"__proto__"',
  '"constructor"',
  '"toString"',
  '"\\u202ea"',
  '"٥"',
  '"$ne"',
  '"a.b"',
  '"\\n"',
  text('n'.repeat(300)),
  text('n'.repeat(20_000)),
  text('ä'.repeat(129)),
  '"%"',
  '"\'"',
];
