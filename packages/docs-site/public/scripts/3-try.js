// Try it: sends a request of the reference from this page, to its own origin.

/** The key of all forms of this page. It is written nowhere. */
let keyInMemory = '';

function openTry(place) {
  if (!place.open || place.querySelector('form')) return;
  const asked = JSON.parse(place.dataset.asked);
  const form = make('form', { autocomplete: 'off' });
  const result = make('div', { class: 'result', 'aria-live': 'polite' });
  const name = place.closest('section').querySelector('h2').id;
  const labelled = (title, note, field) => {
    const id = `${name}-${title.replace(/\W+/g, '-')}`;
    field.id = id;
    const label = make('label', { for: id }, title);
    if (note) label.append(make('span', { class: 'type' }, note));
    form.append(label, field);
    return field;
  };
  const key = asked.key
    ? labelled(
        'API key',
        'stays in this page',
        make('input', { type: 'password', autocomplete: 'off', spellcheck: 'false' }),
      )
    : null;
  if (key) {
    key.value = keyInMemory;
    key.addEventListener('input', () => (keyInMemory = key.value.trim()));
  }
  const fields = asked.fields.map((field) => {
    const input = labelled(
      field.name,
      field.required ? `${field.in}, required` : field.in,
      make('input', { type: 'text', spellcheck: 'false', autocomplete: 'off' }),
    );
    input.value = field.value ?? '';
    return { ...field, input };
  });
  const body = asked.body === undefined ? null : labelled('Body', 'JSON', make('textarea', { spellcheck: 'false' }));
  if (body) body.value = JSON.stringify(asked.body, null, 2);
  const send = make('button', { type: 'submit', class: 'act' }, 'Send');
  form.append(send);
  place.append(form, result);

  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    form.querySelector('.ask')?.remove();
    if (key) key.value = key.value || keyInMemory;
    const request = requestOf(asked, fields, body);
    if (asked.class === 'money' && !request.isRehearsal) {
      const idempotencyKey = crypto.randomUUID?.() ?? `docs-${Date.now()}-${Math.random().toString(36).slice(2)}`;
      askForMoney(form, idempotencyKey, () => run({ ...request, idempotencyKey }, send, result));
    } else await run(request, send, result);
  });
}

function requestOf(asked, fields, body) {
  const inPlace = (place) => fields.filter((field) => field.in === place && field.input.value !== '');
  let path = asked.path;
  for (const { name, input } of inPlace('path')) path = path.replace(`{${name}}`, encodeURIComponent(input.value));
  const query = new URLSearchParams(inPlace('query').map(({ name, input }) => [name, input.value])).toString();
  return {
    method: asked.method,
    url: `${asked.base}${path}${query === '' ? '' : `?${query}`}`,
    needsKey: asked.key === true,
    body: body === null || body.value.trim() === '' ? null : body.value,
    isRehearsal: new URLSearchParams(query).get('dry_run') === 'true',
  };
}

function askForMoney(form, idempotencyKey, send) {
  const yes = make('button', { type: 'button', class: 'act' }, 'Spend the money');
  const no = make('button', { type: 'button', class: 'act second' }, 'Cancel');
  const question = make(
    'div',
    { class: 'ask', role: 'group', 'aria-label': 'Confirm' },
    make('p', {}, 'This request spends money of the account. It is sent with this Idempotency-Key: '),
    make('code', {}, idempotencyKey),
    make('p', {}),
    yes,
    no,
  );
  yes.addEventListener('click', () => {
    question.remove();
    send();
  });
  no.addEventListener('click', () => {
    question.remove();
    form.querySelector('[type=submit]').focus();
  });
  form.append(question);
  yes.focus();
}

async function run({ method, url, needsKey, body, idempotencyKey }, button, result) {
  button.disabled = true;
  const headers = {
    Accept: 'application/json',
    ...(needsKey && keyInMemory !== '' ? { Authorization: `Bearer ${keyInMemory}` } : {}),
    ...(body === null ? {} : { 'Content-Type': 'application/json' }),
    ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
  };
  try {
    const answer = await fetch(url, {
      method,
      headers,
      body,
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'error',
    });
    const text = await answer.text();
    const lines = [...answer.headers].map(([name, value]) => `${name}: ${value}`).join('\n');
    result.replaceChildren(
      make('h3', {}, 'Status ', make('span', { class: `status ${answer.ok ? 'good' : 'bad'}` }, String(answer.status))),
      block('Headers', lines),
      block('Body', pretty(text)),
    );
  } catch {
    result.replaceChildren(
      make('p', {}, 'There was no answer. A money request can be sent again with the same Idempotency-Key.'),
    );
  } finally {
    button.disabled = false;
  }
}

function block(title, text) {
  return make(
    'figure',
    { class: 'code' },
    make('figcaption', {}, title, make('button', { type: 'button', class: 'copy' }, 'Copy')),
    make('pre', { tabindex: '0' }, make('code', {}, text)),
  );
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
