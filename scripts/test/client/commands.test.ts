// Every operation of the documents is a command of the command line, and products that share a command share its form.
import { PRODUCTS } from '@lumi/shared/contract';
import { commands } from '../../../packages/cli/src/generated/commands';
import { makeProgram } from '../../../packages/cli/src/program';
import type { CommandShape } from '../../../packages/cli/src/commands';
import { positionalOf } from '../../../packages/cli/src/input';
import { DocumentedApi } from '../contract/documented-api';
import { documentOf } from '../documents';

const nowhere = { folder: '/nowhere', apiKey: undefined, apiUrl: undefined, profile: undefined };
const program = makeProgram(commands, { ...nowhere, signing: undefined, signingSecret: undefined }, () => undefined);
const commandOf = ({ resource, method }: CommandShape) =>
  program.commands.find((one) => one.name() === resource)?.commands.find((one) => one.name() === method);

it.each(PRODUCTS)('%s: a command for each operation, with an option for each field', (product) => {
  const shapes: readonly CommandShape[] = commands[product];
  const documented = [...new DocumentedApi(documentOf(product)).operations.keys()];
  expect(shapes.map(({ id }) => id).sort()).toEqual(documented.sort());
  for (const shape of shapes) {
    const command = commandOf(shape);
    const options = command?.options.map(({ long }) => long) ?? [];
    expect(options).toEqual(expect.arrayContaining(shape.fields.map(({ name }) => `--${name.replaceAll('_', '-')}`)));
    const positional = positionalOf(shape) === null ? [] : [positionalOf(shape)?.name];
    expect(command?.registeredArguments.map((one) => one.name().replaceAll('-', '_'))).toEqual([
      ...shape.path,
      ...positional,
    ]);
  }
});
