// What the pages do beyond being read: search, copy, choice of language, the menu of narrow screens, and Try it. A key
// typed here stays in this page's memory. Plain script, no build step.
'use strict';

const root = document.documentElement;
const indexUrl = document.currentScript.dataset.index;
try {
  const chosen = localStorage.getItem('lumi-docs-language');
  if (['sh', 'python', 'ts'].includes(chosen)) root.dataset.lang = chosen;
} catch {
  // No storage: the choice lasts for this page.
}

document.addEventListener('DOMContentLoaded', () => {
  codes();
  menu();
  search();
  for (const place of document.querySelectorAll('details.try')) place.addEventListener('toggle', () => openTry(place));
});

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function say(sentence) {
  document.getElementById('said').textContent = sentence;
}

function codes() {
  const showChoice = () => {
    for (const button of document.querySelectorAll('[data-choose]'))
      button.setAttribute('aria-pressed', String(button.dataset.choose === root.dataset.lang));
  };
  showChoice();
  document.addEventListener('click', async ({ target }) => {
    const choice = target.closest?.('[data-choose]');
    if (choice) {
      // What the reader looks at stays where it is, although examples above it change their height.
      const before = choice.getBoundingClientRect().top;
      root.dataset.lang = choice.dataset.choose;
      scrollBy(0, choice.getBoundingClientRect().top - before);
      showChoice();
      try {
        localStorage.setItem('lumi-docs-language', root.dataset.lang);
      } catch {
        // No storage: the choice lasts for this page.
      }
    }
    const copy = target.closest?.('.copy');
    if (!copy) return;
    const text = copy.closest('figure').querySelector('code').textContent;
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = 'Copied';
    } catch {
      getSelection().selectAllChildren(copy.closest('figure').querySelector('code'));
      copy.textContent = 'Selected';
    }
    say(copy.textContent);
    setTimeout(() => (copy.textContent = 'Copy'), 1500);
  });
}

function menu() {
  const button = document.querySelector('.menu');
  const contents = document.getElementById('contents');
  const set = (isOpen) => {
    button.setAttribute('aria-expanded', String(isOpen));
    contents.classList.toggle('open', isOpen);
  };
  button.addEventListener('click', () => {
    const isOpen = button.getAttribute('aria-expanded') !== 'true';
    set(isOpen);
    if (isOpen) contents.querySelector('a')?.focus();
  });
  contents.addEventListener('click', ({ target }) => {
    if (target.closest('a')) set(false);
  });
  contents.addEventListener('focusout', ({ relatedTarget }) => {
    if (relatedTarget !== null && relatedTarget !== button && !contents.contains(relatedTarget)) set(false);
  });
  document.addEventListener('keydown', ({ key }) => {
    if (key !== 'Escape' || button.getAttribute('aria-expanded') !== 'true') return;
    set(false);
    button.focus();
  });
  contents.querySelector('[aria-current="page"]')?.scrollIntoView({ block: 'nearest' });
}
