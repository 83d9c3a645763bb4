import { readEmail } from './email';

describe('an e-mail address', () => {
  it.each([
    ['ada@example.com', 'ada@example.com'],
    ['Ada@EXAMPLE.com', 'Ada@example.com'],
    [' ada@example.com\r\n', 'ada@example.com'],
    ['ada@example.com.', 'ada@example.com'],
    ['user@example.xn--p1ai', 'user@example.xn--p1ai'],
    ['ada@пример.рф', 'ada@xn--e1afmkfd.xn--p1ai'],
    ['r&d@example.com', 'r&d@example.com'],
    ["!#$%&'*+/=?^_`{|}~-@example.com", "!#$%&'*+/=?^_`{|}~-@example.com"],
    ['a.b+c@sub.example.co.uk', 'a.b+c@sub.example.co.uk'],
    [`${'a'.repeat(64)}@example.com`, `${'a'.repeat(64)}@example.com`],
    ['1@1.example', '1@1.example'],
  ])('%j is read as %j, which is read as itself', (text, address) => {
    expect(readEmail(text)).toEqual({ value: address });
    expect(readEmail(address)).toEqual({ value: address });
  });

  it.each([
    '',
    '@',
    'ada',
    'ada@',
    '@example.com',
    'ada@example',
    'ada@localhost',
    '.ada@example.com',
    'ada.@example.com',
    'a..b@example.com',
    'a@b@example.com',
    'a b@example.com',
    'a@ example.com',
    'a @example.com',
    '"a"@example.com',
    '"a b"@example.com',
    'a@-example.com',
    'a@e-.com',
    'a@exa_mple.com',
    'a@.com',
    'a@example..com',
    'a@1.2.3.4',
    'a@[192.0.2.1]',
    'a@example.123',
    'ü@example.com',
    'a\u200b@example.com',
    'a@exam\u200bple.com',
    'a\u0000@example.com',
    'Ada <ada@example.com>',
    'mailto:a,b@example.com',
    'a(b)@example.com',
    'a;b@example.com',
    'a@example.com,b@example.com',
    `${'a'.repeat(65)}@example.com`,
    `a@${'b.'.repeat(125)}example.com`,
    `${'a'.repeat(64)}@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(60)}.com`,
  ])('%j is refused', (text) => {
    expect(readEmail(text)).toEqual({ reason: expect.stringMatching(/^must /) as string });
  });
});
