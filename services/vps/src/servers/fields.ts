// Fields that several requests share.
import { z } from 'zod';
import { invalid, isId, lineField } from '@lumi/shared/contract';
import { hostNameField, readHostName } from '@lumi/shared/names';

/** The limit of Linux (`HOST_NAME_MAX`). */
const HOST_NAME = { minLabels: 1, maxLength: 64 } as const;
const USER_DATA_MAX = 65_536;
const USER_DATA_BASE64_MAX = 4 * Math.ceil(USER_DATA_MAX / 3);

export const hostnameField = hostNameField(HOST_NAME)
  .describe(
    'Host name of the machine, at most 64 characters; not an address. On the sandbox, names such as ' +
      '`sandbox-build-fails` end in a chosen way.',
  )
  .meta({ example: 'web-1.example.com' });
/** The form in which a reverse look-up answers. */
export const reverseNameField = hostNameField({ minLabels: 1 }).meta({ example: 'web-1.example.com' });
export const labelField = lineField(128).optional().describe('A name for people.');
export const sshKeyIdsField = z
  .array(z.string().max(64))
  .max(50)
  .optional()
  .describe('Keys that may log in as the default user.');
export const userDataField = z
  .string()
  .max(USER_DATA_MAX)
  .refine((text) => Buffer.byteLength(text, 'utf8') <= USER_DATA_MAX, 'must not be larger than 64 KiB')
  .optional()
  .describe('cloud-init user data as text, at most 64 KiB. Never shown again.');
export const userDataBase64Field = z
  .string()
  .max(USER_DATA_BASE64_MAX)
  .refine(isBase64, 'must be base64 (RFC 4648) in one line, with its padding')
  .refine((text) => Buffer.from(text, 'base64').length <= USER_DATA_MAX, 'must not be larger than 64 KiB')
  .optional()
  .describe(
    'Instead of `user_data`: the same in base64, for what is no text, such as a gzip archive. At most 64 ' +
      'KiB before it is encoded.',
  );

export const serverParams = z.object({
  id: z
    .string()
    .refine((id) => isId(id, 'srv'))
    .describe('The id of the server.'),
});

export const confirmField = z
  .string()
  .max(253)
  .describe('The host name of the server, so that no wrong one is hit.')
  .meta({ example: 'web-1.example.com' });

export function confirmed(server: { readonly hostname: string }, confirm: string): void {
  if (readHostName(confirm, HOST_NAME).value !== server.hostname)
    throw invalid('confirm', 'must be the host name of the server');
}

export const periodField = z.union([z.literal(1), z.literal(3), z.literal(6), z.literal(12)]).optional();

/** The bytes of the user data, in either form; null when there are none. */
export function userDataOf(wanted: {
  readonly user_data?: string | null | undefined;
  readonly user_data_base64?: string | undefined;
}): Uint8Array | null {
  const { user_data: text, user_data_base64: base64 } = wanted;
  if (base64 !== undefined && text !== undefined)
    throw invalid('user_data_base64', 'cannot be sent together with user_data');
  if (base64 !== undefined) return new Uint8Array(Buffer.from(base64, 'base64'));
  return text === undefined || text === null ? null : new Uint8Array(Buffer.from(text, 'utf8'));
}

function isBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64') === text;
}
