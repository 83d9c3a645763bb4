// The reference of one product: a first page, and one page for each tag. The operation id is its anchor.
import { ERROR_ADVICE, ERROR_CODES, isErrorCode } from '@lumi/shared/contract';
import { codeOf, exampleOf } from './code';
import type { Answer, Api, Operation, Tag } from './document';
import { escape, join } from './html';
import { CHOICES, codeGroup, figure, markdown } from './markdown';
import { Objects, parameterTree, requestTree, tree } from './tree';

const CLASSES: Readonly<Record<string, string>> = {
  money: 'Money request: needs an <a href="/docs/idempotency">Idempotency-Key</a>, and counts towards the money limit.',
  guarded: 'Guarded request: a key that signs must <a href="/docs/authentication">sign</a> it.',
  regular: '',
};

export function referenceStart(api: Api, tagUrl: (tag: Tag) => string): string {
  const groups = api.tags.map(
    (tag) => `<section class="group"><h3><a href="${tagUrl(tag)}">${escape(tag.name)}</a></h3>
<div class="about">${markdown(tag.description)}</div>
<ul class="operations">
${tag.operations.map((one) => listed(one, tagUrl(tag))).join('\n')}
</ul></section>`,
  );
  return join(
    `<h1>${escape(api.title)}</h1>`,
    `<p class="lead">Base address: <code>${escape(api.url)}</code>. For programs: `,
    `<a href="${new URL(api.url).pathname}/openapi.json">openapi.json</a>.</p>`,
    markdown(api.introduction),
    '<h2 id="operations"><a class="anchor" href="#operations">Operations</a></h2>',
    groups,
  );
}

function listed(operation: Operation, url: string): string {
  const { operationId, summary, path } = operation;
  return (
    `<li><a href="${url}#${operationId}">${methodHtml(operation)} ${escape(summary)}</a> ` +
    `<code>${escape(path)}</code></li>`
  );
}

export function referenceTag(tag: Tag, api: Api): string {
  const objects = new Objects();
  const operations = tag.operations.map((operation) => operationHtml(operation, api, objects));
  return join(
    `<h1>${escape(tag.name)}</h1>`,
    `<div class="lead">${markdown(tag.description)}</div>`,
    operations,
    objects.sections(api),
  );
}

function operationHtml(operation: Operation, api: Api, objects: Objects): string {
  const { operationId: id, summary, path, parameters, requestBody } = operation;
  const body = requestBody?.content['application/json'];
  const otherBody = Object.keys(requestBody?.content ?? {}).filter((type) => type !== 'application/json');
  const asked = (place: string): string =>
    parameterTree(
      parameters
        .filter((one) => one.in === place)
        .map((one) => ({
          name: one.name,
          isRequired: one.required === true,
          schema: {
            ...one.schema,
            ...(one.description === undefined ? {} : { description: one.description }),
            ...(one.example === undefined ? {} : { example: one.example }),
          },
        })),
      api,
    );
  const answers = Object.entries(operation.responses);
  return join(
    `<section class="operation" aria-labelledby="${id}">`,
    '<div class="said">',
    `<h2 id="${id}"><a class="anchor" href="#${id}">${escape(summary)}</a></h2>`,
    `<p class="address">${methodHtml(operation)} <code>${escape(path)}</code> <span class="id">${id}</span></p>`,
    `<div class="about">${markdown(operation.description)}</div>`,
    CLASSES[operation['x-lumi-class']] === ''
      ? null
      : `<p class="class">${CLASSES[operation['x-lumi-class']] ?? ''}</p>`,
    part('Path', asked('path')),
    part('Query', asked('query')),
    part('Headers', asked('header')),
    body?.schema === undefined ? null : part('Body', requestTree(body.schema, api)),
    otherBody.length === 0
      ? null
      : `<p>Also takes: ${otherBody.map((type) => `<code>${escape(type)}</code>`).join(', ')}</p>`,
    answers.filter(([status]) => status < '400').map(([status, answer]) => answerHtml(status, answer, api, objects)),
    errorsHtml(
      id,
      answers.filter(([status]) => status >= '400').map(([, answer]) => answer),
    ),
    '</div>',
    '<div class="shown">',
    codeGroup(CHOICES.map((language) => figure(language, codeOf(language, operation, api)))),
    tryHtml(operation, api),
    answers.filter(([status]) => status < '400').map(([status, answer]) => exampleHtml(status, answer)),
    '</div>',
    '</section>',
  );
}

function methodHtml({ method }: Operation): string {
  return `<span class="method ${method.toLowerCase()}">${method}</span>`;
}

function part(title: string, inner: string): string | null {
  return inner === '' ? null : `<h3>${title}</h3>\n${inner}`;
}

function answerHtml(status: string, answer: Answer, api: Api, objects: Objects): string {
  const content = Object.entries(answer.content ?? {});
  const schema = answer.content?.['application/json']?.schema;
  const others = content.map(([type]) => type).filter((type) => type !== 'application/json');
  const fields = schema === undefined ? '' : tree(schema, api, objects);
  return join(
    `<h3>Answer <span class="status good">${status}</span></h3>`,
    `<div class="about">${markdown(answer.description)}</div>`,
    fields === '' ? null : `<details class="answer"><summary>Fields of the answer</summary>\n${fields}\n</details>`,
    others.length === 0
      ? null
      : `<p class="limits">Also as ${others.map((type) => `<code>${escape(type)}</code>`).join(', ')}</p>`,
  );
}

function exampleHtml(status: string, answer: Answer): string | null {
  const example = answer.content?.['application/json']?.example;
  return example === undefined ? null : figure('json', JSON.stringify(example, null, 2), `Answer ${status}`);
}

function errorsHtml(id: string, answers: readonly Answer[]): string {
  const codes = answers.flatMap((answer) => answer['x-lumi-codes'] ?? []);
  const rows = codes.map((code) =>
    isErrorCode(code)
      ? `<tr><td><a href="/docs/errors#${code.replaceAll('_', '-')}"><code>${code}</code></a></td>` +
        `<td>${String(ERROR_CODES[code].status)}</td><td>${escape(ERROR_ADVICE[code].advice)}</td></tr>`
      : `<tr><td><code>${escape(code)}</code></td><td></td><td></td></tr>`,
  );
  return `<details class="answer"><summary>Errors (${String(codes.length)})</summary>
<div class="table" tabindex="0" role="region" aria-label="Errors of ${id}"><table>
<thead><tr><th>Code</th><th>Status</th><th>What to do</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div></details>`;
}

/** What the script makes its form of. */
function tryHtml(operation: Operation, api: Api): string {
  const example = exampleOf(operation);
  const fields = operation.parameters
    .filter((one) => one.in !== 'header')
    .map((one) => ({
      name: one.name,
      in: one.in,
      ...(one.required === true ? { required: true } : {}),
      ...(one.in === 'path' || one.required === true
        ? { value: example.params[one.name] ?? example.query[one.name] ?? '' }
        : {}),
    }));
  const asked = {
    method: operation.method,
    base: new URL(api.url).pathname,
    path: operation.path,
    fields,
    ...(example.body === undefined ? {} : { body: example.body }),
    ...(example.needsKey ? { key: true } : {}),
    class: operation['x-lumi-class'],
  };
  return `<details class="try" data-asked="${escape(JSON.stringify(asked))}"><summary>Try it</summary></details>`;
}
