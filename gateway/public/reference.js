// Fills the reference page: Swagger UI with the product's own document, and a table of contents beside it. Plain
// script, no build step.
'use strict';

const base = document.body.dataset.base;
const main = document.getElementById('reference');
const dark = matchMedia('(prefers-color-scheme: dark)');
const followTheme = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', followTheme);
followTheme();

start().catch(() => {
  const sentence = document.createElement('p');
  sentence.className = 'note';
  sentence.textContent =
    'The reference could not be loaded: this product is not available right now. Reload the page in a moment.';
  main.replaceChildren(sentence);
});

async function start() {
  const answer = await fetch(`${base}/openapi.json`);
  if (!answer.ok) throw new Error(`${base}/openapi.json answered ${answer.status}`);
  const api = await answer.json();
  document.title = api.info.title;
  // Requests made from this page go to the page's own origin, whatever name the installation has.
  api.servers = [{ url: base }];
  // Every answer has these headers; the introduction describes them once.
  const everywhere = ['X-Request-Id', 'RateLimit', 'RateLimit-Policy'];
  for (const { operation } of operationsOf(api))
    for (const { headers } of Object.values(operation.responses)) for (const name of everywhere) delete headers?.[name];
  const ui = SwaggerUIBundle({
    spec: api,
    domNode: main,
    presets: [SwaggerUIBundle.presets.apis],
    layout: 'BaseLayout',
    deepLinking: false, // the contents beside it are the links, and they know of the bar above
    docExpansion: 'none',
    defaultModelsExpandDepth: 0,
    defaultModelExpandDepth: 3,
    displayRequestDuration: true,
    persistAuthorization: false, // a key stays in this page and is gone with it
    validatorUrl: null,
    onComplete: () => listContents(api, ui),
  });
}

function operationsOf(api) {
  return Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
}

function listContents(api, ui) {
  const contents = document.getElementById('contents');
  const operations = operationsOf(api);
  for (const { name } of api.tags) {
    const group = document.createElement('section');
    const title = document.createElement('h2');
    title.textContent = name;
    group.append(
      title,
      ...operations.filter(({ operation }) => operation.tags[0] === name).map((one) => entry(one, name, ui)),
    );
    contents.append(group);
  }
  document
    .getElementById('search')
    .addEventListener('input', ({ target }) => narrow(contents, target.value.trim().toLowerCase()));
  const current = decodeURIComponent(location.hash.slice(2)).split('/');
  if (current.length === 2) open(ui, current[0], current[1]);
}

function entry({ path, method, operation }, tag, ui) {
  const link = document.createElement('a');
  link.href = `#/${encodeURIComponent(tag)}/${encodeURIComponent(operation.operationId)}`;
  link.dataset.words = `${method} ${path} ${operation.summary} ${operation.operationId}`.toLowerCase();
  const badge = document.createElement('span');
  badge.className = `method ${method}`;
  badge.textContent = method === 'delete' ? 'del' : method;
  link.append(badge, operation.summary);
  link.addEventListener('click', (event) => {
    event.preventDefault();
    history.pushState(null, '', link.href);
    open(ui, tag, operation.operationId);
  });
  return link;
}

function open(ui, tag, id) {
  ui.layoutActions.show(['operations-tag', tag], true);
  ui.layoutActions.show(['operations', tag, id], true);
  for (const link of document.querySelectorAll('#contents a'))
    link.toggleAttribute('aria-current', link.hash === location.hash);
  // Drawn after this turn.
  setTimeout(() => document.getElementById(`operations-${tag.replaceAll(' ', '_')}-${id}`)?.scrollIntoView(), 60);
}

function narrow(contents, words) {
  for (const link of contents.querySelectorAll('a'))
    link.hidden = !words.split(/\s+/).every((word) => link.dataset.words.includes(word));
  for (const group of contents.children) group.hidden = [...group.querySelectorAll('a')].every((link) => link.hidden);
}
