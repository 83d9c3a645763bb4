// Prints as JSON what publint and "Are the types wrong?" say of a packed package. A process of its own, because both
// are ES modules, which Jest does not load.
//   node scripts/client/judge-package.mjs <tarball> <folder in which it is installed>
import { readFileSync } from 'node:fs';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const [tarball = '', installed = ''] = process.argv.slice(2);
const { messages, pkg } = await publint({ pkgDir: installed, pack: false, strict: true });
const types = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))));
console.log(
  JSON.stringify({
    publint: messages.map((message) => formatMessage(message, pkg)),
    hasTypes: types.types !== false,
    typesWrong: types.types === false ? [] : types.problems,
  }),
);
