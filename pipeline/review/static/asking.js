// Dialogs that ask for one thing: a choice from a list, or a name.

import { byId, make } from './api.js';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

// Offer options, each with a key of its own: {label, sign (an element before the label), isChosen}.
// Resolves to the option chosen, or to null.
export function choose(title, options) {
  const dialog = byId('chooser');
  byId('chooser-title').textContent = title;
  let settle;
  const chosen = new Promise((resolve) => {
    settle = resolve;
  });
  // Settled before the dialog tells that it closed: that comes later than a key pressed at once, and Enter would save
  // the note without what was chosen.
  const pick = (option) => {
    settle(option);
    dialog.close();
  };
  byId('chooser-list').replaceChildren(
    ...options.map((option, i) =>
      make('button', { type: 'button', 'aria-pressed': String(Boolean(option.isChosen)), onclick: () => pick(option) },
        LETTERS[i] ? make('kbd', {}, LETTERS[i].toUpperCase()) : null, option.sign ?? null, option.label),
    ),
  );
  dialog.onkeydown = (event) => {
    const option = event.key.length === 1 ? options[LETTERS.indexOf(event.key.toLowerCase())] : null;
    if (option && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      pick(option);
    }
  };
  byId('chooser-close').onclick = () => dialog.close();
  dialog.showModal();
  (byId('chooser-list').querySelector('[aria-pressed=true]') ?? byId('chooser-list').firstElementChild)?.focus();
  dialog.onclose = () => settle(null);
  return chosen;
}

// Ask for a line of text; resolves to it, or to null where it was left as it is.
export function askFor(title, label, value) {
  const dialog = byId('naming');
  byId('naming-title').textContent = title;
  byId('naming-label').textContent = label;
  byId('name').value = value;
  byId('naming-close').onclick = () => dialog.close('no');
  dialog.returnValue = 'no';
  dialog.showModal();
  byId('name').select();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === 'yes' ? byId('name').value.trim() : null);
  });
}
