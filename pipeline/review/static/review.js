// The review page: a queue of notes, one at a time; every decision is saved before the next one is shown.

import { act, ask, byId, Gone, say, trouble } from './api.js';
import { Board } from './board.js';
import { Form } from './form.js';
import { alone, blink, isHeld, isSeen, whenFree } from './hands.js';
import { listenToKeys } from './keys.js';
import { clearFilters, fillFilters, filters, narrowed, showCounts, showOrphans } from './panels.js';
import { introduce, known, person, remember } from './person.js';

const AHEAD = 3; // notes fetched while the person reads this one
const NEWS_EVERY = 12000; // ms

const page = {
  fixed: null, // what stays the same: types, principles, photographs, …
  ids: [], // the notes of this sitting, in order; what is saved stays among them, so that one can look back
  done: new Set(),
  at: 0,
  note: null,
  figures: null,
  known: new Map(), // notes fetched ahead, or on their way
  onPhoto: new Map(),
  pictures: [], // kept, so that the browser does not drop what was fetched ahead
  drafts: new Map(), // what was typed and not saved, by note
};

const board = new Board(byId('board'), {
  current: () => page.note?.id,
  pick: (id) => go(id),
  act: (name, sent) => perform(name, { note: page.note?.id, ...sent }),
  mode: showMode,
});
const form = new Form({
  save: (sent) => isSeen() && save(sent),
  perform: (name, sent) => isSeen() && perform(name, { note: page.note.id, ...sent }),
  seen: blink,
});

async function begin() {
  page.fixed = await ask('start');
  form.prepare(page.fixed);
  fillFilters(page.fixed);
  const hash = location.hash.slice(1);
  const asked = hash && !byId(hash) ? hash : null; // a note that the themes page leads to
  const name = known();
  if (name) {
    remember(name);
    await loadQueue(asked);
  } else {
    // The first note is there by the time the name is.
    const named = introduce(page.fixed.person);
    if (page.fixed.second) await named;
    await Promise.all([named, loadQueue(asked)]);
    focusNote();
  }
  setInterval(news, NEWS_EVERY);
  document.addEventListener('visibilitychange', news);
}

async function loadQueue(keep = null, isSitting = false) {
  page.figures = await ask('queue', { ...filters(), person: person() || page.fixed.person });
  page.ids = isSitting ? inTheirPlaces(page.figures.ids, keep) : page.figures.ids;
  if (!isSitting) page.done.clear();
  // What is still on its way is of before, and comes into the old ones.
  page.known = new Map();
  page.onPhoto = new Map();
  page.at = Math.max(0, keep ? page.ids.indexOf(keep) : 0);
  byId('clear-filters').hidden = !narrowed();
  progress();
  notice(page.figures.notices);
  await showFrom(keep && !page.ids.includes(keep) ? keep : page.ids[page.at]);
}

const filterAnew = () =>
  whenFree(async () => {
    keepDraft();
    await loadQueue();
  });

// The notes as they stand now, in the order of this sitting: new ones come after the note that is shown.
function inTheirPlaces(ids, keep) {
  const [now, before] = [new Set(ids), new Set(page.ids)];
  const here = page.note?.id;
  const fresh = ids.filter((id) => !before.has(id));
  const kept = page.ids.flatMap((id) => {
    const isThere = now.has(id) || page.done.has(id) || id === keep;
    return [...(isThere ? [id] : []), ...(id === here ? fresh : [])];
  });
  return before.has(here) ? kept : [...fresh, ...kept];
}

function notice(sentences) {
  const text = sentences.join('\n');
  byId('notice').hidden = !text || sessionStorage.getItem('review-notice') === text;
  byId('notice-text').textContent = text;
}

function progress() {
  const { total, left, disputed, orphans } = page.figures;
  const bar = byId('progress');
  bar.max = Math.max(total, 1);
  bar.value = total - left;
  byId('progress-text').textContent = total
    ? `${(total - left).toLocaleString('en')} of ${total.toLocaleString('en')} notes done · ${left.toLocaleString('en')} left`
    : 'No notes here yet';
  byId('disputed-open').hidden = !disputed || byId('show').value === 'disputed';
  byId('disputed-open').textContent = `${disputed} disputed: settle`;
  byId('orphans-open').hidden = !orphans;
  byId('orphans-open').textContent = orphans === 1 ? '1 decision without a note' : `${orphans} decisions without a note`;
}

// Nobody's pen is taken out of their hand: whoever is at a note keeps it as it is, and sees the new record later.
const isAtIt = () => isElsewhere() || form.isChanged || document.activeElement === byId('words');
const isElsewhere = () => isHeld() || board.mode || document.querySelector('dialog[open]');

const STOPPED = 'The program behind this page has stopped. What was said to be saved is safe. Start “workshop review” again to go on.';

// What others have done meanwhile, at this workshop's other pages and runs.
async function news() {
  if (document.hidden || page.fixed.second || isElsewhere()) return;
  const found = await ask('figures').catch(() => null);
  if (!found) trouble(STOPPED);
  else if (byId('trouble').textContent === STOPPED) trouble(null); // only out of reach, as after a sleep
  if (!found || isHeld()) return;
  const { made, disputed } = page.figures;
  const isNew = found.made !== made;
  Object.assign(page.figures, found, { made });
  progress();
  if (isNew && !isAtIt()) {
    await alone(async () => {
      await loadQueue(page.note?.id, true);
      say('The record was made anew; this is how it stands now.');
    });
  } else if (found.disputed > disputed) say('A note was read differently by somebody else: see “disputed” above.');
}

async function fetchNote(id) {
  const { known } = page;
  // Kept while it is on its way: one that was saved meanwhile cannot come back as it was before.
  if (!known.has(id)) known.set(id, ask(`note/${id}`));
  try {
    const note = await known.get(id);
    if (note.gone) throw new Gone('Somebody has decided meanwhile that this is not a note, or changed its outline.');
    return note;
  } catch (error) {
    known.delete(id);
    throw error;
  }
}

// Show a note; those that somebody took away meanwhile leave the queue, and the one after them is shown.
async function showFrom(id, told = null) {
  const at = page.ids.indexOf(id);
  try {
    await show(id);
    if (told) trouble(told);
  } catch (error) {
    if (!(error instanceof Gone)) throw error;
    if (at >= 0) page.ids.splice(at, 1);
    page.known = new Map(); // whoever took one away may have taken its neighbours too
    const lost = page.drafts.get(id)?.words;
    page.drafts.delete(id);
    const said = `${told ?? error.message}${lost ? ` You had written there: “${lost}”` : ''}`;
    await showFrom(page.ids[at >= 0 ? at : page.at] ?? page.ids.at(-1), said);
  }
}

async function show(id, given = null) {
  const found = id ? (given ?? (await fetchNote(id))) : null;
  byId('form').hidden = !found;
  byId('empty').hidden = Boolean(found);
  document.body.classList.toggle('nothing', !found);
  if (!found) return nothingLeft();
  page.known.delete(id);
  const draft = page.drafts.get(id);
  // What was typed in sight of an older state is saved as such, so that nobody's word is passed over.
  page.note = draft ? { ...found, stamp: draft.stamp } : found;
  const where = page.ids.indexOf(id);
  byId('note-title').textContent =
    where >= 0 ? `Note ${(where + 1).toLocaleString('en')} of ${page.ids.length.toLocaleString('en')}` : 'Note';
  form.show(page.note);
  if (draft) {
    form.bringBack(draft);
    say('What you had typed here is back. It is not saved yet.');
  }
  blink();
  focusNote();
  takeBoard();
  // The words first: the photograph may come a moment later.
  const shown = page.note;
  requestAnimationFrame(() => setTimeout(() => page.note === shown && showBoard().then(ahead, trouble), 0));
}

// Nobody's words are lost because they looked at another note first.
function keepDraft() {
  if (!page.note) return;
  if (form.isChanged) page.drafts.set(page.note.id, { ...form.draft, stamp: page.note.stamp });
  else page.drafts.delete(page.note.id);
}

function nothingLeft() {
  page.note = null;
  byId('note-title').textContent = 'Nothing left here';
  const { total, left } = page.figures;
  const [text, again] = page.fixed.second
    ? [total ? 'You have read every note of this choice. Thank you.' : 'There is nothing to read a second time yet: somebody has to review notes first.', false]
    : narrowed() || byId('show').value !== 'todo'
      ? ['No note fits this choice.', true]
      : total && !left
        ? [`All ${total.toLocaleString('en')} notes have been looked at. Thank you. To take everything up into the record, run “workshop run”; it reads no photograph again.`, false]
        : ['This workshop has no notes on photographs. Put photographs into its folder and run “workshop run”.', false];
  form.nothing(text, again ? () => commands['clear-filters']() : null);
  board.show(null, [], null);
  board.paint();
  byId('where').textContent = '';
  focusNote();
}

const focusNote = () => byId('note-title').focus({ preventScroll: true });

function takeBoard() {
  const { note } = page;
  const photo = page.fixed.photos.find((one) => one.sha256 === note.photo) ?? null;
  byId('where').textContent = photo
    ? `${photo.path}${note.seen > 1 ? ` · seen on ${note.seen} photographs, counted once` : ''}`
    : 'There is no photograph of this note.';
  if (photo) board.show(photo, page.onPhoto.get(photo.sha256) ?? [], note.polygon);
  else board.show(null, [], null);
}

async function showBoard() {
  board.paint();
  const { note } = page;
  const sha256 = board.photo?.sha256;
  if (!sha256 || page.onPhoto.has(sha256)) return;
  const { onPhoto } = page;
  const found = await ask(`on/${sha256}`);
  onPhoto.set(sha256, found);
  if (page.note === note) board.fill(found);
}

// Fetch the notes that come next, and their pictures, while the person reads this one.
async function ahead() {
  const start = page.ids.indexOf(page.note?.id) + 1;
  for (const id of page.ids.slice(start, start + AHEAD)) {
    const note = await fetchNote(id).catch(() => null);
    if (!note?.picture) continue;
    fetchPicture(note.picture);
    fetchPicture(`photo/${note.photo}`);
  }
}

function fetchPicture(address) {
  if (page.pictures.some((one) => one.getAttribute('src') === address)) return;
  const picture = new Image();
  picture.src = address;
  page.pictures = [...page.pictures.slice(-4 * AHEAD), picture];
}

const go = (id) =>
  alone(async () => {
    keepDraft();
    trouble(null);
    await showFrom(id);
  });

function step(by) {
  const where = page.note ? page.ids.indexOf(page.note.id) : -1;
  const to = (where < 0 ? page.at - (by > 0 ? 1 : 0) : where) + by;
  if (to < 0 || to >= page.ids.length) {
    say(to < 0 ? 'This is the first note.' : 'This is the last note.');
    return;
  }
  page.at = to;
  go(page.ids[to]);
}

const save = (sent) =>
  alone(async () => {
    const { id, stamp, photo, polygon } = page.note;
    const where = page.ids.indexOf(id);
    const next = where >= 0 ? page.ids[where + 1] : page.ids[page.at];
    const place = { photo_sha256: photo, polygon }; // for a note that a run gave another id
    const answer = await reach('save', { note: id, place, stamp, next, ...sent });
    if (answer) await saved(answer, id, where, next);
  });

async function saved(answer, id, where, next) {
  page.drafts.delete(id);
  if (answer.note?.state === 'disputed' && page.note.state !== 'disputed') {
    page.known.delete(id);
    await show(id, answer.note);
    return;
  }
  // A name still to be decided on: shown once more at once, not some day.
  if (answer.note?.flags?.length > (page.note.flags?.length ?? 0)) {
    await show(id, answer.note);
    say('Saved. It may name a person: keep the name, or take it out?');
    return;
  }
  page.done.add(id);
  for (const note of page.onPhoto.get(page.note.photo) ?? []) if (note.id === id) note.done = true;
  page.at = Math.max(where, 0);
  if (next && answer.next) await show(next, answer.next);
  else if (next) {
    page.known.delete(next); // taken away since it was fetched
    await showFrom(next);
  } else await loadQueue();
}

// Anything but saving a reading: afterwards the queue may be another one. Says whether it was done.
const perform = (act_name, sent) =>
  alone(async () => {
    const before = page.note?.id;
    const next = page.ids[page.ids.indexOf(before) + 1];
    keepDraft();
    byId('mode').hidden = true;
    const answer = await reach(act_name, sent);
    if (!answer) return false;
    // A note that is gone, or another one now: nothing is kept for it.
    if (answer.note?.id !== before && !['undo', 'draw'].includes(act_name)) page.drafts.delete(before);
    for (const id of [before, sent.other, answer.note?.id]) if (act_name !== 'name') page.done.delete(id);
    await loadQueue(answer.note?.id ?? (act_name === 'discard' ? next : before), true);
    return true;
  });

async function reach(act_name, sent) {
  try {
    const { said, note, next, ...figures } = await act(act_name, { person: person(), ...sent });
    trouble(null);
    delete figures.made; // what is shown is as it was; news() shows the new record
    if (page.fixed.second) page.figures.left = Math.max(0, page.figures.left - 1);
    else Object.assign(page.figures, figures);
    progress();
    say(`${said} ${page.figures.left.toLocaleString('en')} left.`);
    return { said, note, next };
  } catch (error) {
    trouble(error);
    return null;
  }
}

function showMode(text, canSave, canBeNone) {
  byId('mode').hidden = !text;
  byId('mode-text').textContent = text ?? '';
  byId('mode-save').hidden = !canSave;
  byId('mode-none').hidden = !canBeNone || !page.note?.answers;
  if (!text) focusNote();
}

const commands = {
  next: () => step(1),
  previous: () => step(-1),
  undo: () => perform('undo', {}),
  closer: () => board.photo && board.toggle(),
  in: () => board.photo && board.zoom(1 / 1.3),
  out: () => board.photo && board.zoom(1.3),
  draw: () => board.start('draw'),
  corners: () => page.note && board.start('corners'),
  split: () => page.note && board.start('split'),
  join: () => page.note && board.start('join'),
  same: () => page.note && board.start('same'),
  answers: () => page.note && board.start('answers'),
  discard: () => page.note && isSeen() && perform('discard', { note: page.note.id }),
  person: () =>
    alone(async () => {
      await introduce(page.fixed.person);
      keepDraft();
      await loadQueue(page.note?.id);
    }),
  'help-open': () => byId('help').showModal(),
  'counts-open': () => showCounts(page.figures),
  'orphans-open': () => alone(async () => showOrphans(await ask('orphans'))),
  'disputed-open': () => {
    clearFilters();
    byId('show').value = 'disputed';
    filterAnew();
  },
  'clear-filters': () => {
    clearFilters();
    filterAnew();
  },
  'more-filters': () => {
    const isOpen = byId('more').classList.toggle('open');
    byId('more-filters').setAttribute('aria-expanded', String(isOpen));
  },
  'notice-close': () => {
    sessionStorage.setItem('review-notice', byId('notice-text').textContent);
    byId('notice').hidden = true;
    focusNote();
  },
  'mode-save': () => board.finish(),
  'mode-none': () => {
    board.cancel();
    perform('answers', { note: page.note.id, other: null });
  },
  'mode-cancel': () => board.cancel(),
  guess: () => form.takeGuess(),
  turn: () => form.turn(),
  illegible: () => form.saveStatus('illegible'),
  'no-text': () => form.saveStatus('no_text'),
  principle: () => form.choose('principle'),
  colour: () => form.choose('colour'),
  shape: () => form.choose('shape'),
};
for (const [id, run] of Object.entries(commands)) byId(id).addEventListener('click', run);
for (const id of ['show', 'reason', 'principle-filter', 'type', 'status', 'photo-filter']) {
  byId(id).addEventListener('change', filterAnew);
}
addEventListener('beforeunload', (event) => {
  keepDraft();
  if (page.drafts.size) event.preventDefault();
});
listenToKeys({ commands, form, board, hasNote: () => Boolean(page.note) });
alone(begin);
