// The reference as Markdown, for readers and programs that prefer it.
import { ERROR_ADVICE, isErrorCode } from '@lumi/shared/contract';
import { codeOf } from './code';
import { resolved, type Api, type Operation, type Schema, type Tag } from './document';
import { fieldsOf, typeOf } from './tree';

const DEPTH_MAX = 3;

export function referenceStartMarkdown(api: Api, tagUrl: (tag: Tag) => string): string {
  const tags = api.tags.map(
    (tag) =>
      `### [${tag.name}](${tagUrl(tag)}.md)\n\n${tag.description}\n\n` +
      tag.operations.map(({ method, path, summary }) => `- \`${method} ${path}\`: ${summary}`).join('\n'),
  );
  return `# ${api.title}\n\nBase address: ${api.url}\n\n${api.introduction}\n\n## Operations\n\n${tags.join('\n\n')}\n`;
}

export function referenceTagMarkdown(tag: Tag, api: Api): string {
  const operations = tag.operations.map((one) => operationMarkdown(one, api)).join('\n\n');
  return `# ${tag.name}\n\n${tag.description}\n\n${operations}\n`;
}

function operationMarkdown(operation: Operation, api: Api): string {
  const { method, path, summary, description, parameters, requestBody, responses } = operation;
  const body = requestBody?.content['application/json'];
  const asked = parameters.map(
    ({ name, in: place, required, description: about = '' }) =>
      `- \`${name}\` (${place}${required === true ? ', required' : ''}): ${about}`,
  );
  const answers = Object.entries(responses)
    .filter(([status]) => status < '400')
    .map(([status, answer]) => {
      const { schema, example } = answer.content?.['application/json'] ?? {};
      return [
        `**Answer ${status}.** ${answer.description}`,
        schema === undefined ? '' : fieldLines(schema, api),
        example === undefined ? '' : `\`\`\`json\n${JSON.stringify(example, null, 2)}\n\`\`\``,
      ].join('\n\n');
    });
  const errors = Object.values(responses)
    .flatMap((answer) => answer['x-lumi-codes'] ?? [])
    .map((code) => `- \`${code}\`: ${isErrorCode(code) ? ERROR_ADVICE[code].advice : ''}`);
  return [
    `## ${summary}`,
    `\`${method} ${path}\` (\`${operation.operationId}\`)`,
    description,
    asked.length === 0 ? '' : `**Parameters**\n\n${asked.join('\n')}`,
    body?.schema === undefined ? '' : `**Body**\n\n${fieldLines(body.schema, api)}`,
    `\`\`\`sh\n${codeOf('sh', operation, api)}\n\`\`\``,
    ...answers,
    `**Errors**\n\n${errors.join('\n')}`,
  ]
    .filter((text) => text !== '')
    .join('\n\n');
}

function fieldLines(schema: Schema, api: Api, depth = 0): string {
  if (depth >= DEPTH_MAX) return '';
  return fieldsOf(schema, api)
    .map(({ name, schema: one, isRequired }) => {
      const { description = '' } = resolved(one, api);
      const inner = fieldLines(one, api, depth + 1);
      const type = `${typeOf(one, api)}${isRequired ? ', required' : ''}`;
      const line = `${'  '.repeat(depth)}- \`${name}\` (${type}): ${description}`;
      return inner === '' ? line : `${line}\n${inner}`;
    })
    .join('\n');
}
