// Words of the command line made into the path, the query and the body of an operation.
import { readFileSync } from 'node:fs';
import { readInput } from './ask';
import type { CommandShape, Field } from './commands';
import type { Input } from './connect';
import { Ending, NOT_UNDERSTOOD } from './ending';

export type Options = Readonly<Record<string, unknown>>;

/** The one required field that is given without its name. */
export function positionalOf({ fields }: CommandShape): Field | null {
  const required = fields.filter((one) => one.required && one.type !== 'json' && one.type !== 'boolean');
  const [only] = required;
  return required.length === 1 && only !== undefined && fields.filter((one) => one.required).length === 1 ? only : null;
}

/** As commander names an option. */
export function optionName(name: string): string {
  return name.replaceAll('_', '-');
}

export async function inputOf(
  command: CommandShape,
  words: readonly (string | readonly string[] | undefined)[],
  options: Options,
): Promise<Input> {
  const path = Object.fromEntries(command.path.map((name, index) => [name, String(words[index] ?? '')]));
  const positional = positionalOf(command);
  const query: Record<string, unknown> = {};
  const whole = await wholeBody(options['body']);
  const body: Record<string, unknown> = { ...whole };
  for (const field of command.fields) {
    const flag = options[camelCase(optionName(field.name))];
    const word = field === positional ? words[command.path.length] : undefined;
    const isWord = word !== undefined && word.length > 0;
    const value = isWord ? word : flag;
    if (value === undefined) continue;
    (field.place === 'query' ? query : body)[field.name] = await valueOf(field, value);
  }
  for (const { name, place, required } of command.fields)
    if (required && (place === 'query' ? query : body)[name] === undefined)
      throw new Ending(NOT_UNDERSTOOD, `${command.resource} ${command.method} needs --${optionName(name)}.`);
  const hasBody = command.flags.includes('b');
  return { path, query, ...(hasBody && Object.keys(body).length > 0 ? { body } : {}) };
}

async function wholeBody(given: unknown): Promise<Record<string, unknown>> {
  if (given === undefined) return {};
  const value = await jsonOf('body', given);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Ending(NOT_UNDERSTOOD, '--body must be a JSON object.');
}

async function valueOf({ name, type, choices, place }: Field, given: unknown): Promise<unknown> {
  if (type === 'json') return jsonOf(name, given);
  if (type === 'texts') return [given].flat();
  if (type === 'boolean') return given === true || given === 'true';
  const text = String(given);
  if (choices !== undefined && !choices.includes(text))
    throw new Ending(NOT_UNDERSTOOD, `--${optionName(name)} must be one of ${choices.join(', ')}.`);
  if (type === 'text' || place === 'query') return text;
  if (!/^-?\d+(\.\d+)?$/.test(text)) throw new Ending(NOT_UNDERSTOOD, `--${optionName(name)} must be a number.`);
  return JSON.parse(text) as number;
}

/** JSON as it is, `@file`, or `-` for the input. A word that is no JSON is taken as text. */
async function jsonOf(name: string, given: unknown): Promise<unknown> {
  const text = String(given);
  const isRead = text === '-' || text.startsWith('@');
  let json = text;
  try {
    if (text === '-') json = await readInput();
    else if (isRead) json = readFileSync(text.slice(1), 'utf8');
  } catch {
    throw new Ending(NOT_UNDERSTOOD, `--${optionName(name)}: ${text} cannot be read.`);
  }
  try {
    return JSON.parse(json) as unknown;
  } catch {
    if (!isRead && /^[\w.:-]+$/.test(text)) return text;
    throw new Ending(NOT_UNDERSTOOD, `--${optionName(name)} must be JSON, @file, or - for the input.`);
  }
}

export function camelCase(text: string): string {
  return text.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
