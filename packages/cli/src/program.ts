// All commands: those of the documents, and those of the command line's own.
import { Argument, Command, Option } from 'commander';
import { PRODUCTS, type CommandShape, type Commands, type Field, type Product } from './commands';
import { completionScript, completions } from './completion';
import type { Surroundings } from './config';
import { chooseProfile, connect, type AnyClient } from './connect';
import { deposit, waitForMoney } from './deposit';
import { DONE } from './ending';
import { optionName, positionalOf, type Options } from './input';
import { follow, listen } from './listen';
import { listProfiles, login, logout } from './login';
import { runOperation, waitFor } from './run-operation';

type Words = readonly (string | readonly string[] | undefined)[];
/** What a command does; the status that it ends with. */
type Act = (words: Words, options: Options) => Promise<number> | number;

/** @param end called with the exit status of the command that ran */
export function makeProgram(commands: Commands, surroundings: Surroundings, end: (status: number) => void): Command {
  const program = new Command('lumi')
    .description('Domain names, hosting and proxies on one prepaid balance.')
    .option('--json', 'print JSON')
    .option('--csv', 'print CSV')
    .option('--quiet', 'print ids only')
    .option('--yes', 'do not ask before money moves')
    .option('--profile <name>', 'another key than the last one of lumi login')
    .exitOverride()
    .showHelpAfterError('(lumi --help shows the commands)');
  const client = (having: readonly Product[], options: Options): AnyClient =>
    connect(chooseProfile(surroundings, having, options['profile'] as string | undefined));
  const acting = (command: Command, act: Act): Command =>
    command.exitOverride().action(async (...args: unknown[]) => {
      const words = args.slice(0, -2) as Words;
      end(await act(words, command.optsWithGlobals()));
    });
  const any = (options: Options): AnyClient => client(PRODUCTS, options);

  for (const [resource, methods] of byResource(commands)) {
    const group = program
      .command(resource)
      .description(describe([...methods.keys()]))
      .exitOverride();
    for (const [method, forms] of methods)
      acting(operationCommand(group, method, forms), async (words, options) => {
        const { lumi, shape } = chosen(forms, (having) => chooseProfile(surroundings, having, profileOf(options)));
        return runOperation(lumi, shape, words, options);
      });
    addDefault(group, methods);
  }
  const events = program.commands.find((one) => one.name() === 'events');
  const list = events?.commands.find((one) => one.name() === 'list');
  if (list !== undefined) {
    const forms = byResource(commands).get('events')?.get('list') ?? [];
    list.option('--follow', 'go on with what happens from now on, and never end');
    acting(list, async (words, options) => {
      if (options['follow'] === true) return follow(any(options), options);
      const { lumi, shape } = chosen(forms, (having) => chooseProfile(surroundings, having, profileOf(options)));
      return runOperation(lumi, shape, words, options);
    });
  }
  acting(
    program
      .command('deposit <amount>')
      .description('Top up the balance')
      .option('--provider <name>', 'the payment provider; the first one if absent')
      .option('--wait', 'wait until the money is there')
      .option('--timeout <seconds>', 'how long to wait'),
    ([amount], options) => deposit(any(options), String(amount), options),
  );
  acting(
    program
      .command('wait <id>')
      .description('Wait for an operation, a batch or a deposit to end')
      .option('--timeout <seconds>', 'how long to wait'),
    ([word], options) => {
      const id = String(word);
      return id.startsWith('dep_')
        ? waitForMoney(any(options), { id, status: 'pending' }, options)
        : waitFor(any(options), id, options);
    },
  );
  acting(
    program
      .command('listen')
      .description('Post each event to an address, signed as a webhook')
      .requiredOption('--forward-to <url>', 'such as http://127.0.0.1:4000/hook')
      .option('--types <types...>', 'only these, such as domain.*')
      .option('--secret <whsec>', 'sign with this secret; a new one if absent')
      .option('--cursor <cursor>', 'begin behind this position; with what happens from now on if absent')
      .option('--since <time>', 'begin with what happened at or after this')
      .option('--consumer <name>', 'begin behind what was posted under this name before, or with the oldest event'),
    (_, options) => listen(any(options), options),
  );
  acting(
    program
      .command('login [url]')
      .description('Store a key; without a terminal it is read from the input')
      .option('--name <name>', 'the name of the profile')
      .option('--signing <version>', 'the key signs: v1 or v2'),
    ([url], options) => login(surroundings, url as string | undefined, options),
  );
  acting(program.command('logout <profile>').description('Remove a stored key'), ([name]) =>
    logout(surroundings, String(name)),
  );
  acting(program.command('profiles').description('List the stored keys'), () => listProfiles(surroundings));
  acting(program.command('completion <shell>').description('Print a script for bash, zsh or fish'), ([shell]) => {
    process.stdout.write(completionScript(String(shell)));
    return DONE;
  });
  acting(program.command('__complete [words...]', { hidden: true }).allowUnknownOption(), ([words]) => {
    process.stdout.write(completions(program, (words ?? []) as string[]).join('\n'));
    return DONE;
  });
  return program;
}

interface Form {
  readonly product: Product;
  readonly shape: CommandShape;
}

/** By resource and method: the same command may be one of several products. */
function byResource(commands: Commands): Map<string, Map<string, Form[]>> {
  const found = new Map<string, Map<string, Form[]>>();
  for (const product of PRODUCTS)
    for (const shape of commands[product]) {
      const methods = found.get(shape.resource) ?? new Map<string, Form[]>();
      methods.set(shape.method, [...(methods.get(shape.method) ?? []), { product, shape }]);
      found.set(shape.resource, methods);
    }
  return found;
}

function chosen(
  forms: readonly Form[],
  choose: (having: readonly Product[]) => ReturnType<typeof chooseProfile>,
): { lumi: AnyClient; shape: CommandShape } {
  const profile = choose(forms.map(({ product }) => product));
  const form = forms.find(({ product }) => product === profile.product) ?? forms[0];
  if (form === undefined || form.product !== profile.product)
    throw new TypeError(`The profile is one of ${profile.product}, which has no such command.`);
  return { lumi: connect(profile), shape: form.shape };
}

function profileOf(options: Options): string | undefined {
  return options['profile'] as string | undefined;
}

function operationCommand(group: Command, method: string, forms: readonly Form[]): Command {
  const [first] = forms;
  const shape = first?.shape;
  const command = group.command(method).description(shape?.summary ?? method);
  for (const name of shape?.path ?? []) command.addArgument(new Argument(`<${optionName(name)}>`));
  const positional = shape === undefined ? null : positionalOf(shape);
  if (positional !== null) {
    const name = optionName(positional.name);
    command.addArgument(new Argument(positional.type === 'texts' ? `[${name}...]` : `[${name}]`, positional.text));
  }
  const fields = new Map(forms.flatMap((form) => form.shape.fields.map((field) => [field.name, field] as const)));
  for (const field of fields.values()) addField(command, field);
  const has = (flag: string): boolean => forms.some((form) => form.shape.flags.includes(flag));
  const own = (flags: string, text: string, isWanted: boolean): void => {
    const option = new Option(flags, text);
    if (isWanted && !fields.has((option.long ?? '').slice(2).replaceAll('-', '_'))) command.addOption(option);
  };
  own('--body <json>', 'the whole body: JSON, @file, or - for the input', has('b'));
  own('--all', 'every page', has('p'));
  own('--dry-run', 'check everything, buy nothing', has('d'));
  own('--wait', 'wait until it is done', has('m'));
  own('--timeout <seconds>', 'how long to wait', has('m'));
  own('--idempotency-key <key>', 'the key of the request; a new one if absent', has('m') || has('g'));
  own('--user-id <id>', 'operators: the account to work on', has('u'));
  return command;
}

function addField(command: Command, { name, type, required, choices, text }: Field): void {
  const flag = `--${optionName(name)}`;
  const about = `${text}${required ? ' (needed)' : ''}${choices === undefined ? '' : ` [${choices.join(', ')}]`}`;
  if (type === 'boolean') {
    command.addOption(new Option(flag, about)).addOption(new Option(`--no-${optionName(name)}`));
    return;
  }
  const option = new Option(`${flag} <${type === 'texts' ? 'text' : type}>`, about);
  if (type === 'texts') option.argParser((value: string, before: string[] = []) => [...before, value]);
  command.addOption(option);
}

/** `lumi balance` is `lumi balance get`, `lumi requests KEY` is `lumi requests find KEY`, `lumi domains` lists. */
function addDefault(group: Command, methods: ReadonlyMap<string, readonly Form[]>): void {
  const isBare = (method: string): boolean => methods.get(method)?.[0]?.shape.path.length === 0;
  const name = ['find', 'get', 'list'].find(isBare);
  const found = group.commands.find((one) => one.name() === name);
  if (found === undefined) return;
  const all = [...group.commands];
  (group.commands as Command[]).length = 0;
  for (const one of all) group.addCommand(one, one === found ? { isDefault: true } : {});
}

function describe(methods: readonly string[]): string {
  return methods.length > 6
    ? `${methods.slice(0, 6).join(', ')} and ${String(methods.length - 6)} more`
    : methods.join(', ');
}
