import { isValidLabel } from './code-points';
import { readName } from './dns-name';
import { readHostName } from './host-name';
import { isWrittenIn } from './script';

describe('a name', () => {
  it.each([
    ['example.com', 'example.com', 'example.com'],
    ['EXAMPLE.Com', 'example.com', 'example.com'],
    ['example.com.', 'example.com', 'example.com'],
    [' example.com\n', 'example.com', 'example.com'],
    ['münchen.de', 'xn--mnchen-3ya.de', 'münchen.de'],
    ['MÜNCHEN.DE', 'xn--mnchen-3ya.de', 'münchen.de'],
    ['XN--MNCHEN-3YA.de', 'xn--mnchen-3ya.de', 'münchen.de'],
    ['faß.de', 'xn--fa-hia.de', 'faß.de'],
    ['βόλος.com', 'xn--nxasmm1c.com', 'βόλος.com'],
    // UTS 46: deviation characters are kept; a capital sigma is σ
    ['ΒΌΛΟΣ.com', 'xn--nxasmq6b.com', 'βόλοσ.com'],
    ['пример.рф', 'xn--e1afmkfd.xn--p1ai', 'пример.рф'],
    ['例え.テスト', 'xn--r8jz45g.xn--zckzah', '例え.テスト'],
    ['例え。テスト', 'xn--r8jz45g.xn--zckzah', '例え.テスト'],
    ['ｅｘａｍｐｌｅ．ｃｏｍ', 'example.com', 'example.com'],
    ['ｶﾞｽ.jp', 'xn--mck0a.jp', 'ガス.jp'],
    ['אתר.com', 'xn--4db2cf.com', 'אתר.com'],
    ['l·l.cat', 'xn--ll-0ea.cat', 'l·l.cat'],
    ['コンピューター・ゲーム.jp', null, 'コンピューター・ゲーム.jp'],
    ['क्‍ष.com', null, 'क्‍ष.com'], // a joiner after a virama (RFC 5892, A.2)
    ['1.example', '1.example', '1.example'],
    ['a', 'a', 'a'],
    ['3com.com', '3com.com', '3com.com'],
    ['r3---sn.example.com', 'r3---sn.example.com', 'r3---sn.example.com'],
  ])('%j is read as %j', (text, name, unicode) => {
    const { value } = readName(text ?? '');
    expect(value?.unicode).toBe(unicode);
    if (name !== null) expect(value?.name).toBe(name);
    expect(readName(value?.name ?? '').value).toEqual(value);
    expect(readName(value?.unicode ?? '').value).toEqual(value);
  });

  it.each(
    [
      [
        '',
        '.',
        '..',
        'a..b',
        '.a',
        'a..',
        '-a.com',
        'a-.com',
        'a b.com',
        'a_b.com',
        'a,b.com',
        'a@b.com',
        'a/b',
        'a:b',
        '*.com',
        'http://a.com',
        'a.com/',
        'a\nb.com',
        'a\u0000.com',
      ],
      // addresses, and names that resemble one
      ['1.2.3.4', '127.1', '2130706433', '0x7f.1', 'a.0x', 'a.0x1f', 'example.123', '１.２.３.４'],
      [`${'a'.repeat(64)}.com`, `${'a.'.repeat(127)}com`, 'a'.repeat(600), `${'ü'.repeat(60)}.de`],
      [
        '☕lumi.com',
        '♥.com',
        '☃.net',
        'a→b.com',
        '€uro.com',
        '™.com',
        '½.com',
        '²a.com',
        '№1.com',
        '℻.com',
        'ﬁ.com',
        'надвор’е.com',
        'a’b.com',
        '“a”.com',
        'a…b.com',
        '😀.com',
      ], // symbols and marks, RFC 5892
      [
        'lu\u200bmi.com',
        'lu\u00admi.com',
        'lu\u2060mi.com',
        'lu\ufe0fmi.com',
        'lu\u180emi.com',
        '\ufefflumi.com',
        'lu\u200dmi.com',
        'lu\u200cmi.com',
        'lu\u034fmi.com',
        'lu\u3164mi.com',
        'lu\u115fmi.com',
        'lu\u{e0001}mi.com',
        'lu\u202emi.com',
      ], // invisible characters
      [
        'cafe\u0301.com',
        'ſhop.com',
        'ŉ.com',
        'İstanbul.com',
        'ᾀ.com',
        '\u0345a.com',
        'a\u0345.com',
        'ǆ.com',
        'ⅷ.com',
        '㎏.com',
        '\u0300a.com',
        '\u1100a.com',
        'ⓐ.com',
        '\u{1d41a}.com',
        '㈱.jp',
        'ﷺ.com',
        '\u00a0a.com',
        'a\u3000.com',
      ], // what would become another name
      [
        'a·b.cat',
        'l·.cat',
        '·l.cat',
        'a\u0375.com',
        'a\u05f3.com',
        'a\u30fb.com',
        '\u0661\u06f1.com',
        'א\u0661\u06f1.com',
        '\u0640a.com',
        '\u302ea.com',
        '\u303b.jp',
        '\ufffd.com',
        '\ue000.com',
        '\u0378.com',
        '\ud800.com',
      ], // out of their context, never allowed, unassigned
      [
        'אa.com',
        'aא.com',
        'א1a.com',
        'xn--.com',
        'xn--a.com',
        'xn--a-.com',
        'xn--example.com',
        'xn--\u00fc.com',
        'xn--53h.com',
        'xn--lumi-w76a.com',
        'xn--lumi-pj3b.com',
        'xn--wca.com',
        'xn--mnchen-3yA1.de',
        'xn--lumi-.com',
        'xn--a-b.com',
      ], // rule of Bidi; A-labels that are none
    ].flat(),
  )('%j is refused', (text) => {
    expect(readName(text)).toEqual({ reason: expect.any(String) as string });
  });
});

describe('the characters of labels', () => {
  it('are those of RFC 5892, for the characters that it names', () => {
    for (const valid of [
      'ß',
      'ς',
      '۽',
      '۾',
      '་',
      '〇',
      'ª'.normalize('NFKC'),
      'ı',
      'ə',
      'ж',
      '中',
      'ひ',
      'カ',
      'ー',
      '가',
      'ا',
      'א',
      'ก',
      'ʼ',
      '१',
      '0',
      '-',
      'll',
    ])
      expect([valid, isValidLabel(valid)]).toEqual([valid, true]);
    for (const invalid of [
      'A',
      'Ж',
      'ª',
      '²',
      'ﬀ',
      '\u0640',
      '\u07fa',
      '\u302e',
      '\u3031',
      '\u303b',
      '\u200b',
      '\u00ad',
      '\u2044',
      '\u20d0',
      '\u{1d165}',
      '\u{1d242}',
      '\u1100',
      '\ua960',
      '\ud7b0',
      '\ufdd0',
      '\uffff',
      ' ',
      '·',
      '\u0375',
      '\u05f3',
      '\u30fb',
      '☃',
      '_',
      '.',
      '\u115f',
      '\u17b4',
      '\u2019',
    ]) {
      expect([invalid, isValidLabel(invalid)]).toEqual([invalid, false]);
    }
  });
});

describe('a script', () => {
  it.each([
    ['abc-1', [], true],
    ['münchen', ['Latin'], true],
    ['münchen', [], false],
    ['пример', ['Cyrillic'], true],
    ['пример1-2', ['Cyrillic'], true],
    ['примеp', ['Latin', 'Cyrillic'], false],
    ['аpple', ['Latin', 'Cyrillic'], false],
    ['例え', ['Han', 'Hiragana'], true],
    ['例え', ['Han'], false],
    ['ラーメン', ['Katakana'], true],
    ['ラーメン', ['Han'], false],
    ['例・え', ['Han', 'Hiragana', 'Katakana'], true],
    ['例えa', ['Latin', 'Han', 'Hiragana'], false],
    ['l·l', ['Latin'], true],
    ['надворʼе', ['Cyrillic'], false],
    ['ʼa', ['Latin'], false],
    ['قطر\u0661', ['Arabic'], true],
    ['\u0661a', ['Latin'], false],
    ['ーa', ['Latin'], false],
    ['ab\u0323', ['Latin'], true],
  ])('%s in %j: %s', (label, scripts, expected) => {
    expect(isWrittenIn(label, scripts)).toBe(expected);
  });
});

describe('a host name', () => {
  it('has a dot unless one label is allowed, and keeps to the length limit', () => {
    expect(readHostName('NS1.Example.net.')).toEqual({ value: 'ns1.example.net' });
    expect(readHostName('ns1.münchen.de')).toEqual({ value: 'ns1.xn--mnchen-3ya.de' });
    expect(readHostName('web-1').reason).toContain('with a dot');
    expect(readHostName('web-1', { minLabels: 1 })).toEqual({ value: 'web-1' });
    const long = `${'a'.repeat(30)}.${'b'.repeat(33)}`;
    expect(readHostName(long, { maxLength: 64 })).toEqual({ value: long });
    expect(readHostName(`${long}c`, { maxLength: 64 }).reason).toContain('64');
    for (const bad of ['1.2.3.4', '::1', 'a_b.example.com', 'a@e-.com', ''])
      expect([bad, readHostName(bad, { minLabels: 1 }).reason]).toEqual([
        bad,
        expect.stringContaining('must be a host name'),
      ]);
  });
});
