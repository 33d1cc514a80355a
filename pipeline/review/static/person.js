// Who is deciding: asked once, remembered for the next time.

import { byId } from './api.js';

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
export function introduce(suggested) {
  const dialog = byId('hello');
  byId('who').value = name || suggested;
  dialog.showModal();
  byId('who').select();
  return new Promise((resolve) => {
    dialog.onclose = () => {
      remember(byId('who').value.trim() || name || suggested || 'unnamed');
      resolve();
    };
  });
}
