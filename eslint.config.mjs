// The house rules that a machine can hold. Each message says what to write instead. scripts/check-fixtures/ breaks
// every one of them on purpose, and `npm run check` fails when the breach goes unnoticed. The rules that need types are
// in .oxlintrc.json.
import tseslint from 'typescript-eslint';
import { house } from './scripts/check/house-rules.mjs';

const SOURCES = ['gateway/src/**/*.ts', 'services/*/src/**/*.ts', 'packages/*/src/**/*.ts'];
/** Plain JavaScript: it runs before anything is installed, or is a tool's configuration. */
const SCRIPTS = ['**/*.mjs', '**/*.cjs'];
const TESTS = ['**/*.test.ts', '**/test/**/*.ts', '**/testing/**/*.ts'];
/** Where amounts live: nothing here may turn one into a JavaScript number. */
const MONEY = [
  'packages/shared/src/*/{money,ledger,purchase,deposits,batches}/**/*.ts',
  'services/*/src/purchases/**/*.ts',
  '**/*price*.ts',
  '**/*pricing*.ts',
  '**/*quote*.ts',
];

const ENVIRONMENT = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Only config.ts reads the environment: declare the setting there and take it as an argument.',
};
const CLOCK = [
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'Take a Clock (@lumi/shared/runtime) and ask it: tests set the time.',
  },
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'Take a Clock (@lumi/shared/runtime) and ask it: tests set the time.',
  },
];
const ANSWERS = [
  {
    selector:
      "CallExpression[callee.property.name='status'][callee.object.name=/^(res|response)$/], " +
      "AssignmentExpression[left.property.name='statusCode'][left.object.name=/^(res|response)$/]",
    message: 'Only shared/http writes answers: return the reply, or throw new AppError(code).',
  },
  {
    selector: "Property[key.name='error'] > ObjectExpression > Property[key.name='request_id']",
    message: 'Only shared/http/errors.ts writes error bodies: throw new AppError(code).',
  },
];
const FLOATS = [
  {
    selector: "CallExpression[callee.name='parseFloat'], CallExpression[callee.property.name='parseFloat']",
    message: 'An amount is never a JavaScript number: use parseUsd (@lumi/shared/money).',
  },
  {
    selector: "CallExpression[callee.name='Number']",
    message: 'An amount is never a JavaScript number: use bigint, or parseUsd (@lumi/shared/money).',
  },
  {
    selector: "UnaryExpression[operator='+']",
    message: 'An amount is never a JavaScript number: use bigint, or parseUsd (@lumi/shared/money).',
  },
];
const RIDERS = [
  {
    selector:
      'TemplateElement[value.raw=/\\b((FROM|USING|JOIN) ' +
      '(begun|settled|started|finished|advanced)\\b|(begun|started)\\.outcome|settled\\.settled|finished\\.finished|advanced\\.advanced)/i]',
    message:
      'A rider reads its step by fromStep() or usingStep() (@lumi/shared/db), which bring the condition with them.',
  },
  {
    selector: 'TSAsExpression TSTypeReference[typeName.name=/^(Rider|RiderOf|StepDone|AnyStepDone)$/]',
    message: 'Only rider`…` (@lumi/shared/db) makes a rider.',
  },
];
const EXPORTS = [
  { selector: 'ExportDefaultDeclaration', message: 'Export by name: a name is found again.' },
  { selector: "ExportSpecifier[exported.name='default']", message: 'Export by name: a name is found again.' },
];

/** @typedef {{ selector: string; message: string }} Restriction */

/**
 * @param {(Restriction | (Restriction | Restriction[])[])[]} groups
 * @returns {['error', ...Restriction[]]}
 */
const restricted = (...groups) => ['error', ...groups.flat(2)];

/** `all` is everything a source file is held to; the exceptions below take single groups out again. */
const all = [ENVIRONMENT, CLOCK, ANSWERS, EXPORTS, RIDERS];

const config = [
  {
    ignores: ['**/dist/**', '**/generated/**', '**/node_modules/**', '**/*.js', 'coverage/**'],
  },
  {
    files: ['**/*.ts', ...SCRIPTS],
    plugins: { '@typescript-eslint': tseslint.plugin, lumi: house },
    languageOptions: { parser: tseslint.parser },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-var': 'error',
      'prefer-const': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/ban-ts-comment': 'error',
      'no-dupe-keys': 'error',
      'lumi/forbidden-name': 'error',
      'no-restricted-syntax': restricted(EXPORTS),
    },
  },
  // They run as they are: what the compiler would say of TypeScript is said here, and their types are in comments.
  {
    files: SCRIPTS,
    rules: {
      'no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      'lumi/no-any-in-comments': 'error',
    },
  },
  // It makes a new migration.
  { files: ['scripts/new-migration.mjs'], rules: { 'lumi/forbidden-name': 'off' } },
  // Files whose form is a tool's: it wants a default export.
  { files: ['*.mjs', 'scripts/jest/global-*.mjs', '**/*.config.mjs'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: SOURCES,
    ignores: TESTS,
    rules: {
      'no-restricted-syntax': restricted(all),
      'no-console': 'error',
      'lumi/one-endpoint': 'error',
      'lumi/raw-sql-says-why': 'error',
    },
  },
  { files: MONEY, ignores: TESTS, rules: { 'no-restricted-syntax': restricted(all, FLOATS) } },
  // The files that make riders, and the statements of the steps themselves.
  {
    files: [
      'packages/shared/src/base/db/rider.ts',
      'packages/shared/src/work/{operations/operation,lifecycle/lifecycle}-store.ts',
    ],
    rules: { 'no-restricted-syntax': restricted(ENVIRONMENT, CLOCK, ANSWERS, EXPORTS) },
  },
  {
    files: ['packages/shared/src/work/purchase/money-step.ts'],
    rules: { 'no-restricted-syntax': restricted(ENVIRONMENT, CLOCK, ANSWERS, EXPORTS, FLOATS) },
  },
  { files: ['**/config.ts'], rules: { 'no-restricted-syntax': restricted(CLOCK, ANSWERS, EXPORTS, RIDERS) } },
  {
    files: ['packages/shared/src/ground/runtime/clock.ts'],
    rules: { 'no-restricted-syntax': restricted(ENVIRONMENT, ANSWERS, EXPORTS, RIDERS) },
  },
  // The room that turns a handler's reply into an answer, beside the one that turns errors into answers.
  {
    files: ['packages/shared/src/{base/http,counter/endpoint}/**/*.ts'],
    ignores: TESTS,
    rules: { 'no-restricted-syntax': restricted(ENVIRONMENT, CLOCK, EXPORTS, RIDERS) },
  },
  // They imitate other companies' APIs, with the APIs' own answers, and know nothing of packages/shared.
  {
    files: ['packages/*-double/src/**/*.ts'],
    ignores: TESTS,
    rules: { 'no-restricted-syntax': restricted(EXPORTS) },
  },
  // They run at customers, without packages/shared: they have no Clock, and their errors are those of another side.
  {
    files: ['packages/{client,cli}/src/**/*.ts'],
    ignores: [...TESTS, 'packages/cli/src/config.ts'],
    rules: { 'no-restricted-syntax': restricted(ENVIRONMENT, EXPORTS) },
  },
  // It stands outside: it starts the processes, counts real time, and breaks what the rules protect.
  {
    files: ['packages/torture/src/**/*.ts'],
    ignores: TESTS,
    rules: { 'no-restricted-syntax': restricted(EXPORTS) },
  },
  {
    files: ['packages/torture/src/prices/*-prices.ts', 'packages/torture/src/prices/price-model.ts'],
    ignores: ['packages/torture/src/prices/judge-prices.ts'],
    rules: { 'no-restricted-syntax': restricted(EXPORTS, FLOATS) },
  },
];
export default config;
