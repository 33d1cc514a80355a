// Who is deciding: asked once, remembered for the next time.

import { byId } from './api.js';
import { open } from './asking.js';

let name = '';

export const person = () => name;

export function remember(given) {
  name = given;
  // A cookie, because each start has a port of its own and would forget what is kept for another.
  document.cookie = `review_person=${encodeURIComponent(given)}; max-age=31536000; path=/; samesite=strict`;
  byId('person').textContent = given;
}

export function known() {
  const found = document.cookie.split('; ').find((one) => one.startsWith('review_person='));
  return found ? decodeURIComponent(found.slice('review_person='.length)) : '';
}

// Ask for the name; `suggested` stands in the box.
export async function introduce(suggested) {
  const dialog = byId('hello');
  byId('who').value = name || suggested;
  const { answer, close } = open(dialog);
  dialog.querySelector('form').onsubmit = (event) => {
    event.preventDefault();
    close(true);
  };
  byId('who').select();
  await answer;
  remember(byId('who').value.trim() || name || suggested || 'unnamed');
}
