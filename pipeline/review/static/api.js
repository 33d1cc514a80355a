// Talking to the server, and making elements. Nothing a note says is ever taken for markup.

export class Refused extends Error {}
export class Changed extends Refused {}
export class Gone extends Refused {}
const KINDS = { 409: Changed, 410: Gone };

async function answer(response) {
  let body = null;
  try {
    body = await response.json();
  } catch {
    body = null;
  }
  if (response.ok && body !== null) return body;
  const Kind = KINDS[response.status] ?? Refused;
  throw new Kind(body?.error ?? 'The page was closed where it was started. Start “workshop review” again.');
}

export async function ask(path, query = {}) {
  const filled = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  const search = new URLSearchParams(filled).toString();
  return answer(await reach(search ? `${path}?${search}` : path));
}

export async function act(name, sent) {
  return answer(
    await reach(name.includes('/') ? name : `act/${name}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(sent),
    }),
  );
}

async function reach(path, options) {
  try {
    return await fetch(path, { credentials: 'same-origin', ...options });
  } catch {
    throw new Refused(
      'The program behind this page is not running, so this was not saved. Start “workshop review” again; ' +
        'everything that was said to be saved is there.',
    );
  }
}

export const byId = (id) => document.getElementById(id);

// make('button', {type: 'button', class: 'plain'}, 'Text', otherElement)
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  fill(element, attributes);
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function makeSvg(name, attributes = {}) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  fill(element, attributes);
  return element;
}

function fill(element, attributes) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(key, value === true ? '' : value);
  }
}

let fading = 0;
export function say(text) {
  const place = byId('said');
  // A child of its own each time: the same words said twice are then read out twice.
  place.replaceChildren(make('span', {}, text));
  place.classList.add('on');
  clearTimeout(fading);
  fading = setTimeout(() => place.classList.remove('on'), 3200);
}

export function trouble(error) {
  const place = byId('trouble');
  place.hidden = !error;
  place.textContent = error ? String(error.message ?? error) : '';
}
