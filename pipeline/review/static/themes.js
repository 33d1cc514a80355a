// The themes page: one principle at a time, its themes with their notes, and what people do to them.

import { act, ask, byId, Changed, make, say, trouble } from './api.js';
import { askFor, choose } from './asking.js';
import { blink, isSeen, steady } from './hands.js';
import { introduce, known, person, remember } from './person.js';

const AGAIN = 1500; // ms, while the themes are being worked out
const NEWS_EVERY = 15000;

const page = { now: null, principle: 0, theme: null, ticked: new Set(), isBusy: false, suggested: '', unsaved: null };
const principle = () => page.now.principles[page.principle];
const themes = () => principle()?.themes ?? [];
const current = () => themes().find((one) => one.id === page.theme) ?? null;

async function begin() {
  const { person: account } = await ask('start');
  page.suggested = account;
  const name = known();
  if (name) remember(name);
  await Promise.all([name ? null : introduce(account), load()]);
  byId('principle-title').focus({ preventScroll: true });
  setInterval(() => document.hidden || news(), NEWS_EVERY);
  addEventListener('focus', news);
}

async function load() {
  page.now = await ask('themes/now');
  trouble(null);
  const first = page.now.principles.findIndex((one) => one.themes.length);
  page.principle = Math.max(first, 0);
  show();
  if (page.now.working) again();
}

// The last run's themes are shown until they are worked out for the notes as they stand now.
function again() {
  setTimeout(async () => {
    const before = page.now;
    const now = await ask('themes/now').catch(() => null);
    if (now && !now.working) hear(now, before);
    if (page.now.working) again();
  }, AGAIN);
}

// Nothing is shown anew under somebody's hands, nor what was asked before they did something.
function hear(now, before) {
  if (page.isBusy || page.now !== before || document.querySelector('dialog[open]')) return;
  take(now, before.state === now.state ? '' : CHANGED);
}

const CHANGED = 'The themes were changed elsewhere; this is how they stand now.';

async function news() {
  if (page.isBusy || !page.now?.version || document.querySelector('dialog[open]')) return;
  try {
    const before = page.now;
    const now = await ask('themes/now', { version: before.version });
    if (now.principles) hear(now, before);
  } catch (error) {
    trouble(error);
  }
}

// Show the themes anew, and stay where the person was; after something they did (`isOwn`), at the theme itself.
function take(now, told = '', notes = null, isOwn = false) {
  const before = notes ?? current()?.notes.map((note) => note.id) ?? [];
  const wasOn = isOwn ? '' : document.activeElement?.id;
  const id = principle()?.id;
  page.now = now;
  page.principle = Math.max(now.principles.findIndex((one) => one.id === id), 0);
  const there = new Set(principle().themes.flatMap((one) => one.notes.map((note) => note.id)).concat(principle().alone.map((note) => note.id)));
  page.ticked = new Set([...page.ticked].filter((one) => there.has(one)));
  const shared = (theme) => theme.notes.filter((note) => before.includes(note.id)).length;
  const nearest = [...themes()].sort((a, b) => shared(b) - shared(a))[0];
  page.theme = nearest && shared(nearest) ? nearest.id : null;
  show();
  blink();
  const place = (wasOn && byId(wasOn)) || (page.theme && byId(`theme-${page.theme}`)) || byId('principle-title');
  place.focus({ preventScroll: true });
  if (told) say(told);
}

// --- showing -------------------------------------------------------------------------------------

const counted = (number, one, many = `${one}s`) => `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
const types = (list) => list.map((one) => `${one.count} ${one.label.toLowerCase()}`).join(' · ');

function show() {
  const { now } = page;
  const all = now.principles.reduce((sum, one) => sum + one.themes.length, 0);
  byId('progress-text').textContent = now.working ? 'Looking at the notes as they stand now…' : `${counted(all, 'theme')} under ${counted(now.principles.length, 'principle')}`;
  byId('undo').disabled = !now.undo;
  byId('undo').title = now.undo ? `Take back ${now.undo}` : 'There is nothing to take back';
  byId('principles').replaceChildren(...now.principles.map(principleButton));
  const here = principle();
  byId('principle-title').textContent = here ? here.label : 'No principles yet';
  byId('tally').textContent = here ? tally(here) : '';
  byId('themes').replaceChildren(...(here?.themes.length ? here.themes.map(card) : [nothing(here)]));
  fillList('alone', 'alone-notes', (here?.alone ?? []).map(noteRow));
  fillList('rejected', 'rejected-list', (here?.rejected ?? []).map(rejectedRow));
  fillList('across', 'across-list', acrossRows());
  showTicked();
}

function principleButton(one, i) {
  return make('button', { type: 'button', 'aria-current': i === page.principle ? 'true' : null, onclick: () => open(i) },
    i < 9 ? make('kbd', { 'aria-hidden': 'true' }, String(i + 1)) : null,
    make('span', { class: 'label' }, one.label),
    make('small', {}, `${counted(one.notes, 'note')}, ${one.themes.length ? counted(one.themes.length, 'theme') : 'no theme'}`));
}

function tally(one) {
  const parts = [counted(one.notes, 'note'), types(one.types)];
  if (one.wordless) parts.push(`${one.wordless} without words to go by`);
  return parts.filter(Boolean).join(' · ');
}

const nothing = (here) => make('p', { class: 'none' },
  here?.notes ? 'No two notes here say the same. That is a finding too; you can still tick notes below and make a theme of them.' : 'There are no notes under this principle.');

function fillList(section, list, rows) {
  byId(section).hidden = !rows.length;
  byId(list).replaceChildren(...rows);
}

function card(theme) {
  const strength = theme.owned ? 'yours' : theme.strength;
  const badge = theme.owned ? 'Named by people' : theme.strength === 'suggested' ? 'Suggested' : 'Possible link';
  const button = (run, text, key, title) =>
    make('button', { type: 'button', class: 'plain', title, 'aria-keyshortcuts': key.toLowerCase(), onclick: () => { page.theme = theme.id; run(); } }, text, make('kbd', {}, key));
  const article = make('article', { class: `card ${strength}`, id: `theme-${theme.id}`, tabindex: -1, 'aria-labelledby': `label-${theme.id}` },
    make('div', { class: 'card-head' },
      make('h3', { id: `label-${theme.id}` }, theme.label),
      make('span', { class: 'badge' }, badge), theme.pinned ? make('span', { class: 'badge' }, 'Pinned') : null),
    theme.description ? make('p', { class: 'about' }, theme.description) : null,
    theme.quote ? make('blockquote', {}, theme.quote) : null,
    make('p', { class: 'sub' }, `${counted(theme.notes.length, 'note')} · ${types(theme.types)}`),
    make('ul', { class: 'notes-list' }, ...theme.notes.map(noteRow)),
    make('div', { class: 'acts', role: 'toolbar', 'aria-label': `What to do with “${theme.label}”` },
      button(rename, 'Rename', 'R', 'Give it a name of your own'),
      button(merge, 'Merge with…', 'M', 'It says the same as another theme'),
      button(split, 'Split off ticked', 'S', 'The ticked notes become a theme of their own'),
      button(pin, theme.pinned ? 'Unpin' : 'Pin', 'P', 'Exactly these notes, none joins by itself'),
      button(describe, 'Describe', 'D', 'Say in a sentence what it is about'),
      button(reject, 'No theme', 'X', 'These notes do not belong together')));
  article.addEventListener('focusin', () => mark(theme.id));
  return article;
}

function noteRow(note) {
  const box = make('input', { type: 'checkbox', id: `tick-${note.id}` });
  box.checked = page.ticked.has(note.id);
  box.addEventListener('change', () => {
    if (box.checked) page.ticked.add(note.id);
    else page.ticked.delete(note.id);
    showTicked();
  });
  return make('li', {}, box, make('label', { for: box.id }, note.text || 'no words'), make('small', {}, note.type.toLowerCase()),
    note.picture ? make('a', { href: `./#${note.id}`, 'aria-label': `Show the note “${note.text}”`, title: 'Show this note and its photograph' }, '↗') : null);
}

const rejectedRow = (one) => make('li', {}, make('span', {}, `${one.name} (${counted(one.notes, 'note')})`),
  make('button', { type: 'button', class: 'plain', onclick: () => perform({ act: 'restore', themes: [one.key] }) }, 'Bring back'));

function acrossRows() {
  const { links, missing, lost } = page.now;
  return [
    ...missing.map((one) => make('li', {}, make('span', {}, `“${one.label}” ${one.named ? 'was named by people' : 'fits none of the principles'}: suggested as missing (${counted(one.notes, 'note')}).`))),
    ...links.map((one) => make('li', {}, make('span', {}, `“${one.label}” runs through ${one.principles.join(' and ')} (${counted(one.notes, 'note')}).`))),
    ...lost.map((one) => make('li', {}, make('span', {}, `Your theme “${one.name}” has no notes any more: ${one.reason}.`))),
  ];
}

function mark(id) {
  page.theme = id;
  for (const one of document.querySelectorAll('.card')) one.classList.toggle('here', one.id === `theme-${id}`);
}

function showTicked() {
  const count = page.ticked.size;
  byId('chosen').hidden = !count;
  byId('chosen-text').textContent = count ? `${counted(count, 'note')} ticked` : '';
}

function open(number) {
  if (!page.now.principles[number]) return;
  page.principle = number;
  page.theme = null;
  page.ticked.clear();
  show();
  scrollTo(0, 0);
  byId('principle-title').focus({ preventScroll: true });
}

function step(by) {
  const list = themes();
  if (!list.length) return;
  const at = list.findIndex((one) => one.id === page.theme);
  const to = at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + by, 0), list.length - 1);
  const place = byId(`theme-${list[to].id}`);
  place.focus({ preventScroll: true });
  place.scrollIntoView({ block: 'nearest' });
}

// --- doing ---------------------------------------------------------------------------------------

async function perform(sent, notes = null) {
  if (page.isBusy || !isSeen()) return;
  page.isBusy = true;
  document.body.classList.add('busy');
  try {
    const now = await act('themes/act', { person: person() || page.suggested, state: page.now.state, ...sent });
    trouble(null);
    if (page.unsaved?.act === sent.act) page.unsaved = null;
    page.ticked.clear();
    take(now, now.said, notes, true);
  } catch (error) {
    // What was typed stands in the box the next time.
    const name = sent.parts ? sent.parts[1][0] : sent.name;
    if (name) page.unsaved = { act: sent.act, theme: sent.themes?.[0], name };
    // Somebody else was quicker: how it stands now is shown below what is said of it.
    if (error instanceof Changed) take(await ask('themes/now').catch(() => page.now));
    trouble(error);
  } finally {
    page.isBusy = false;
    document.body.classList.remove('busy');
  }
}

// In the box of another theme it would be taken for that one's, unless the one it was for is not there any more.
function typed(act, otherwise, theme) {
  const { unsaved } = page;
  const isOthers = theme && unsaved?.theme !== theme.id && themes().some((one) => one.id === unsaved?.theme);
  return unsaved?.act === act && !isOthers ? unsaved.name : otherwise;
}

// The theme a key is meant for; says what to do where there is none.
function withTheme(run) {
  return async () => {
    const theme = current() ?? (themes().length === 1 ? themes()[0] : null);
    if (theme) await run(theme);
    else say('Go to a theme first: J and K, or a click.');
  };
}

function withTicked(run) {
  return async () => {
    if (page.ticked.size) await run([...page.ticked]);
    else say('Tick the notes first.');
  };
}

const rename = withTheme(async (theme) => {
  const name = await askFor('What is this theme called?', 'Name', typed('rename', theme.label, theme));
  if (name && name !== theme.label) await perform({ act: 'rename', themes: [theme.id], name });
  else back(theme);
});

const describe = withTheme(async (theme) => {
  const name = await askFor(`What is “${theme.label}” about?`, 'In a sentence', typed('describe', theme.description, theme));
  if (name !== null && name !== theme.description) await perform({ act: 'describe', themes: [theme.id], name });
  else back(theme);
});

const merge = withTheme(async (theme) => {
  const others = themes().filter((one) => one.id !== theme.id);
  if (!others.length) return say('There is no other theme under this principle.');
  const other = await choose(`Which theme says the same as “${theme.label}”?`, others.map((one) => ({ ...one, theme: one })));
  const name = other && (await askFor('What is the theme of both called?', 'Name', typed('merge', theme.owned || !other.theme.owned ? theme.label : other.theme.label, theme)));
  if (name) await perform({ act: 'merge', themes: [theme.id, other.theme.id], name });
  else back(theme);
});

const split = withTheme(async (theme) => {
  const mine = theme.notes.map((note) => note.id);
  const part = mine.filter((id) => page.ticked.has(id));
  if (!part.length || part.length === mine.length) return say('Tick the notes of one part first, then split.');
  const name = await askFor(`What are these ${part.length === 1 ? 'words' : `${part.length} notes`} about?`, 'Name of the new theme', typed('split', '', theme));
  const rest = mine.filter((id) => !part.includes(id));
  if (name) await perform({ act: 'split', themes: [theme.id], parts: [[theme.label, rest], [name, part]] }, part);
  else back(theme);
});

const pin = withTheme((theme) => perform({ act: theme.pinned ? 'unpin' : 'pin', themes: [theme.id] }));
const reject = withTheme((theme) => perform({ act: 'reject', themes: [theme.id] }));

const move = withTicked(async (notes) => {
  if (!themes().length) return say('There is no theme yet: make a new one.');
  const to = await choose('To which theme?', themes().map((one) => ({ ...one, theme: one })));
  if (to) await perform({ act: 'move', themes: [to.theme.id], notes }, to.theme.notes.map((note) => note.id));
});

const makeNew = withTicked(async (notes) => {
  const name = await askFor(`What ${notes.length === 1 ? 'is this note' : `are these ${notes.length} notes`} about?`, 'Name of the new theme', typed('make', ''));
  if (name) await perform({ act: 'make', notes, name }, notes);
});

function back(theme) {
  byId(`theme-${theme.id}`)?.focus({ preventScroll: true });
}

const commands = {
  undo: () => (page.now?.undo ? perform({ act: 'undo' }) : say('There is nothing to take back.')),
  'help-open': () => byId('help').showModal(),
  person: () => introduce(page.suggested),
  move,
  make: makeNew,
  ungroup: withTicked((notes) => perform({ act: 'ungroup', notes })),
  clear: () => {
    page.ticked.clear();
    show();
    byId('principle-title').focus({ preventScroll: true });
  },
};
for (const [id, run] of Object.entries(commands)) byId(id).addEventListener('click', run);

const KEYS = {
  j: () => step(1), k: () => step(-1), r: rename, d: describe, m: merge, s: split, p: pin, x: reject, v: move,
  n: makeNew, g: commands.ungroup, u: commands.undo, '?': commands['help-open'], Escape: commands.clear,
};
const onKeys = byId('keys-on');
steady();
onKeys.checked = localStorage.getItem('review-keys') !== 'off';
onKeys.addEventListener('change', () => localStorage.setItem('review-keys', onKeys.checked ? 'on' : 'off'));
document.addEventListener('keydown', (event) => {
  if (event.defaultPrevented || !page.now || page.isBusy || document.querySelector('dialog[open]') || !onKeys.checked || event.repeat) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (/^[1-9]$/.test(key)) open(Number(key) - 1);
  else if (KEYS[key]) KEYS[key]();
  else return;
  event.preventDefault();
});
begin().catch(trouble);
