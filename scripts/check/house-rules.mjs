// Our own ESLint rules, for what no rule of a package says. eslint.config.mjs says which files each one holds for.
import { basename, dirname, sep } from 'node:path';

const FORBIDDEN_NAMES = /^(utils?|helpers?|common|misc|lib|managers?|types|v\d+|(new|old)-.*)$/;
const RAW_CALLS = /^\$(queryRaw|executeRaw)(Unsafe)?$/;
const TYPED_CALLS = /^(find(Many|First|Unique)|(create|update)Many(AndReturn)?|deleteMany|upsert|aggregate|groupBy)$/;
const REASON = /\braw sql: \S+/i;

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
export const house = {
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
                  '`// Raw SQL: …`. In a file without calls of the typed client the comment at the top may say it ' +
                  'for all.',
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
