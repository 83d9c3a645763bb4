// A zone file with everything that programs write, and what it means.
export const TRICKY_FILE = String.raw`; a comment ( with a parenthesis
$ORIGIN shop.example.
$TTL 1h
@   IN  SOA ns1.example.net. hostmaster.example.net. ( 2024010101 ; serial
        10800 3600 604800 300
        )
        NS  ns1.example.net.
        MX  10 mail
        MX  20 mail.example.net.
        TXT "v=spf1 include:example.net -all" ; a comment
        TXT ( "one ; no comment"
              "two \" quote"
              three )
WWW 5m  IN A 192.0.2.1
        IN 5m A 192.0.2.2
    1D  AAAA 2001:DB8::1
*       CNAME www
_sip._tcp 300 SRV 0 5 5060 sip.shop.example.
sub     NS  ns.sub
sub     DS  60485 13 2 ( AABBCCDDEEFF00112233445566778899
                         AABBCCDDEEFF00112233445566778899 )
ns.sub  A   192.0.2.53
$ORIGIN deep.shop.example.
@       HTTPS 1 . alpn="h2,h3" port=8443
a\.b    TXT a\;b \100\195\188
$ORIGIN example.
key.shop  TLSA 3 1 1 AABBCCDDEEFF00112233445566778899AABBCCDDEEFF00112233445566778899
shop    CAA 0 issue "letsencrypt.org"
`;

export const TRICKY_RECORDS: readonly (readonly [name: string, ttl: number, type: string, content: string])[] = [
  ['shop.example', 3600, 'SOA', 'ns1.example.net. hostmaster.example.net. 2024010101 10800 3600 604800 300'],
  ['shop.example', 3600, 'NS', 'ns1.example.net.'],
  ['shop.example', 3600, 'MX', '10 mail.shop.example.'],
  ['shop.example', 3600, 'MX', '20 mail.example.net.'],
  ['shop.example', 3600, 'TXT', '"v=spf1 include:example.net -all"'],
  ['shop.example', 3600, 'TXT', '"one ; no comment" "two \\" quote" "three"'],
  ['www.shop.example', 300, 'A', '192.0.2.1'],
  ['www.shop.example', 300, 'A', '192.0.2.2'],
  ['www.shop.example', 86_400, 'AAAA', '2001:db8::1'],
  ['*.shop.example', 3600, 'CNAME', 'www.shop.example.'],
  ['_sip._tcp.shop.example', 300, 'SRV', '0 5 5060 sip.shop.example.'],
  ['sub.shop.example', 3600, 'NS', 'ns.sub.shop.example.'],
  ['sub.shop.example', 3600, 'DS', `60485 13 2 ${'aabbccddeeff00112233445566778899'.repeat(2)}`],
  ['ns.sub.shop.example', 3600, 'A', '192.0.2.53'],
  ['deep.shop.example', 3600, 'HTTPS', '1 . alpn="h2,h3" port=8443'],
  ['a.b.deep.shop.example', 3600, 'TXT', '"a;b" "d\\195\\188"'],
  ['key.shop.example', 3600, 'TLSA', `3 1 1 ${'aabbccddeeff00112233445566778899'.repeat(2)}`],
  ['shop.example', 3600, 'CAA', '0 issue "letsencrypt.org"'],
];
