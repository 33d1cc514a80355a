// Dialogs that ask for one thing: a choice from a list, or a name.

import { byId, make } from './api.js';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

// Open a dialog: `answer` is what `close` is given, or null where it is closed in another way.
// It is there before the dialog tells that it closed: that comes later than a key pressed at once, and Enter would
// save the note without what was chosen; or so late that the dialog is open again, for something else.
export function open(dialog) {
  let settle;
  const answer = new Promise((resolve) => {
    settle = resolve;
  });
  dialog.onclose = () => dialog.open || settle(null);
  dialog.showModal();
  return {
    answer,
    close: (value) => {
      settle(value);
      dialog.close();
    },
  };
}

// Offer options, each with a key of its own: {label, sign (an element before the label), isChosen}.
// Resolves to the option chosen, or to null.
export function choose(title, options) {
  const dialog = byId('chooser');
  byId('chooser-title').textContent = title;
  const { answer, close: pick } = open(dialog);
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
  byId('chooser-close').onclick = () => pick(null);
  (byId('chooser-list').querySelector('[aria-pressed=true]') ?? byId('chooser-list').firstElementChild)?.focus();
  return answer;
}

// Ask for a line of text; resolves to it, or to null where it was left as it is.
export function askFor(title, label, value) {
  const dialog = byId('naming');
  byId('naming-title').textContent = title;
  byId('naming-label').textContent = label;
  byId('name').value = value;
  const { answer, close } = open(dialog);
  byId('naming-close').onclick = () => close(null);
  dialog.querySelector('form').onsubmit = (event) => {
    event.preventDefault();
    close(byId('name').value.trim());
  };
  byId('name').select();
  return answer;
}
