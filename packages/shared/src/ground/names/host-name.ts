// Names of hosts (RFC 1123, section 2.1): as every name, in A-labels.
import { readField, type Reading } from '../contract';
import { readName } from './dns-name';

const NAME_MAX = 253;
const WANTED = 'must be a host name such as web-1.example.com';

interface HostNameRules {
  /** 2: a name that other hosts can look up. */
  readonly minLabels?: 1 | 2;
  readonly maxLength?: number;
}

export function readHostName(
  text: string,
  { minLabels = 2, maxLength = NAME_MAX }: HostNameRules = {},
): Reading<string> {
  const { value, reason } = readName(text);
  if (reason !== undefined) return { reason: `${WANTED}: it ${reason}` };
  if (value.name.split('.').length < minLabels) return { reason: `${WANTED}, with a dot` };
  return value.name.length > maxLength
    ? { reason: `must not be longer than ${String(maxLength)} characters` }
    : { value: value.name };
}

export const hostNameField = (rules: HostNameRules = {}) => readField((text) => readHostName(text, rules), 500);
