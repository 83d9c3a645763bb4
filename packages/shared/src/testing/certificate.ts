// A self-signed certificate for 127.0.0.1 or for a name, made here: the tests choose when it ends.
import { generateKeyPairSync, sign } from 'node:crypto';

const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
};
const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const time = (date: Date): Buffer => der(0x18, Buffer.from(date.toISOString().replace(/[-:T]|\.\d{3}/g, '')));

const ECDSA_SHA256 = sequence(hex('06082a8648ce3d040302'));
/** CN=127.0.0.1 */
const NAME = sequence(der(0x31, sequence(hex('0603550403'), der(0x0c, Buffer.from('127.0.0.1')))));
const ADDRESS = der(0x87, Buffer.from([127, 0, 0, 1]));

/** subjectAltName: the address 127.0.0.1, or a name. */
function extensions(name: string | undefined): Buffer {
  const subject = name === undefined ? ADDRESS : der(0x82, Buffer.from(name));
  return der(0xa3, sequence(sequence(hex('0603551d11'), der(0x04, sequence(subject)))));
}

export function certificate(from: Date, to: Date, name?: string): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const content = sequence(
    der(0xa0, hex('020102')),
    hex('020101'),
    ECDSA_SHA256,
    NAME,
    sequence(time(from), time(to)),
    NAME,
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions(name),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', content, privateKey));
  const base64 = sequence(content, ECDSA_SHA256, signature).toString('base64');
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
  };
}
