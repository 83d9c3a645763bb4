// The house rules that a machine can hold. Each message says what to write instead. scripts/check-fixtures/ breaks
// every one of them on purpose, and `npm run check` fails when the breach goes unnoticed.
import { basename, dirname, sep } from 'node:path';
import tseslint from 'typescript-eslint';

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
const FORBIDDEN_NAMES = /^(utils?|helpers?|common|misc|lib|managers?|types|v\d+|(new|old)-.*)$/;

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

const RAW_CALLS = /^\$(queryRaw|executeRaw)(Unsafe)?$/;
const TYPED_CALLS = /^(find(Many|First|Unique)|(create|update)Many(AndReturn)?|deleteMany|upsert|aggregate|groupBy)$/;
const REASON = /\braw sql: \S+/i;

/** @typedef {{ selector: string; message: string }} Restriction */

/**
 * @param {(Restriction | (Restriction | Restriction[])[])[]} groups
 * @returns {['error', ...Restriction[]]}
 */
const restricted = (...groups) => ['error', ...groups.flat(2)];

/** @typedef {Parameters<NonNullable<import('eslint').Rule.RuleListener['ObjectExpression']>>[0]} ObjectExpression */
/** @typedef {Parameters<NonNullable<import('eslint').Rule.RuleListener['MemberExpression']>>[0]} Member */
/** @typedef {Extract<ObjectExpression['properties'][number], { type: 'Property' }>} Property */

/**
 * @param {ObjectExpression} object
 * @param {string} name
 */
function propertyOf({ properties }, name) {
  return properties.find(
    /** @returns {property is Property} */
    (/** @type {ObjectExpression['properties'][number]} */ property) =>
      property.type === 'Property' &&
      ((property.key.type === 'Identifier' && property.key.name === name) ||
        (property.key.type === 'Literal' && property.key.value === name)),
  );
}

/** @type {{ rules: Record<string, import('eslint').Rule.RuleModule> }} */
const house = {
  rules: {
    'forbidden-name': {
      meta: { type: 'problem', schema: [] },
      create(context) {
        return {
          Program(node) {
            const parts = [
              basename(context.filename).replace(/(\.test|\.d)?\.[cm]?[jt]s$/, ''),
              ...dirname(context.filename.slice(context.cwd.length)).split(sep),
            ];
            const bad = parts.find((part) => FORBIDDEN_NAMES.test(part));
            if (bad !== undefined)
              context.report({
                node,
                message: `"${bad}" says nothing: name the file or folder after the one thing inside.`,
              });
          },
        };
      },
    },
    'no-any-in-comments': {
      meta: { type: 'problem', schema: [] },
      create(context) {
        return {
          Program() {
            for (const comment of context.sourceCode.getAllComments())
              if (comment.type === 'Block' && /\{[^}]*(\bany\b|[{<(|]\*)/.test(comment.value) && comment.loc)
                context.report({ loc: comment.loc, message: 'A type that is `any` says nothing: name it.' });
          },
        };
      },
    },
    // The typed client is the rule. SQL written by hand is the exception, with a comment about what the client cannot
    // do.
    'raw-sql-says-why': {
      meta: { type: 'problem', schema: [] },
      create(context) {
        const { sourceCode } = context;
        const isReason = (/** @type {{ value: string }} */ { value }) => REASON.test(value);
        /** @type {Member[]} */
        const raw = [];
        let isMixed = false;
        return {
          MemberExpression(node) {
            const name = node.property.type === 'Identifier' ? node.property.name : '';
            if (RAW_CALLS.test(name)) raw.push(node);
            isMixed ||= TYPED_CALLS.test(name);
          },
          'Program:exit'(program) {
            const [first] = program.body;
            if (!isMixed && first !== undefined && sourceCode.getCommentsBefore(first).some(isReason)) return;
            for (const node of raw) {
              const around = sourceCode.getAncestors(node).filter(({ type }) => !/^(Program|Class)/.test(type));
              if (around.some((one) => one !== first && sourceCode.getCommentsBefore(one).some(isReason))) continue;
              context.report({
                node,
                message:
                  'Use the typed client. Where it does not serve, a comment above the statement says why: ' +
                  '`// Raw SQL: …`. In a file without calls of the typed client the comment at the top may say it for all.',
              });
            }
          },
        };
      },
    },
    // A route declaration, made directly or through `bulkKind` and the like, is an object with an `id` and a `summary`.
    'one-endpoint': {
      meta: { type: 'problem', schema: [] },
      create(context) {
        /** @type {Property | null} */
        let first = null;
        return {
          ObjectExpression(node) {
            const id = propertyOf(node, 'id');
            if (id === undefined || propertyOf(node, 'summary') === undefined) return;
            if (first === null) first = id;
            else
              context.report({
                node,
                message:
                  `One endpoint, one file: ${context.sourceCode.getText(first.value)} is declared here already. ` +
                  'What both need stands in a file beside them, named by the thing.',
              });
          },
        };
      },
    },
  },
};

/** `all` is everything a source file is held to; the exceptions below take single groups out again. */
const all = [ENVIRONMENT, CLOCK, ANSWERS, EXPORTS, RIDERS];

const config = [
  {
    ignores: [
      '**/dist/**',
      '**/generated/**',
      '**/node_modules/**',
      '**/*.js',
      'coverage/**',
      'scripts/torture.mjs',
      'scripts/test/strangers/attackers.mjs',
      'scripts/try-image.mjs',
    ],
  },
  {
    files: ['**/*.ts', ...SCRIPTS],
    plugins: { '@typescript-eslint': tseslint.plugin, lumi: house },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-var': 'error',
      'prefer-const': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/only-throw-error': 'error',
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
  // It imitates another company's API, with that API's own answers, and knows nothing of packages/shared.
  {
    files: ['packages/crypto-pay-double/src/**/*.ts'],
    ignores: TESTS,
    rules: { 'no-restricted-syntax': restricted(EXPORTS) },
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
