// The search: over every heading of the guides, every operation, every error code.

const RESULTS_MAX = 12;

function search() {
  const input = document.getElementById('search');
  const list = document.getElementById('found');
  let entries = null;
  let shown = [];
  let at = -1;

  const load = async () => {
    if (entries !== null) return;
    entries = [];
    try {
      const answer = await fetch(indexUrl);
      entries = answer.ok ? await answer.json() : [];
      show();
    } catch {
      entries = null; // the next key tries again
    }
  };
  const close = () => {
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const select = (index) => {
    at = index;
    for (const [i, option] of [...list.querySelectorAll('[role=option]')].entries()) {
      option.setAttribute('aria-selected', String(i === at));
      if (i !== at) continue;
      input.setAttribute('aria-activedescendant', option.id);
      option.scrollIntoView({ block: 'nearest' });
    }
  };
  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0 || entries === null) {
      close();
      return;
    }
    shown = entries
      .map((entry) => ({ entry, points: pointsOf(entry, words) }))
      .filter(({ points }) => points > 0)
      .sort((a, b) => b.points - a.points)
      .slice(0, RESULTS_MAX)
      .map(({ entry }) => entry);
    const options = shown.map(([title, , where, more], i) => {
      const option = make('div', { role: 'option', id: `found-${i}`, 'aria-selected': 'false' }, title);
      option.append(
        make('span', {}, more.startsWith('/') || where === 'Guide' ? where : `${where} ${more.split(' ')[0]}`.trim()),
      );
      option.addEventListener('mousedown', (event) => event.preventDefault());
      option.addEventListener('click', () => go(i));
      return option;
    });
    list.replaceChildren(
      ...(options.length > 0
        ? options
        : [make('div', { role: 'option', 'aria-selected': 'false', 'aria-disabled': 'true' }, 'Nothing found')]),
    );
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    say(`${shown.length} results`);
    if (shown.length > 0) select(0);
  };
  const go = (index) => {
    const url = shown[index]?.[1];
    if (url === undefined) return;
    close();
    input.blur();
    location.assign(url);
  };

  input.addEventListener('focus', load);
  input.addEventListener('input', () => {
    void load();
    show();
  });
  input.addEventListener('blur', close);
  input.addEventListener('keydown', (event) => {
    const last = shown.length - 1;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (list.hidden) show();
      else if (last >= 0) select(event.key === 'ArrowDown' ? (at >= last ? 0 : at + 1) : at <= 0 ? last : at - 1);
    } else if (event.key === 'Enter' && !list.hidden) {
      event.preventDefault();
      go(at);
    } else if (event.key === 'Escape') {
      if (list.hidden) input.blur();
      close();
    }
  });
  document.addEventListener('keydown', (event) => {
    const isTyping = event.target.closest?.('input, textarea, select, [contenteditable]');
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    input.focus();
    input.select();
  });
}

/** All words must be there; a title counts most, and more at its beginning. */
function pointsOf([title, , where, more], words) {
  const low = title.toLowerCase();
  const rest = `${where} ${more}`.toLowerCase();
  let points = 0;
  for (const word of words) {
    if (low.startsWith(word)) points += 8;
    else if (new RegExp(`\\b${word.replace(/[^\w]/g, '\\$&')}`).test(low)) points += 5;
    else if (low.includes(word)) points += 3;
    else if (rest.includes(word)) points += 1;
    else return 0;
  }
  return points + (where === 'Guide' ? 1 : 0);
}
