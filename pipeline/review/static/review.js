// The review page: a queue of notes, one at a time; every decision is saved before the next one is shown.

import { act, ask, byId, say, trouble } from './api.js';
import { Board } from './board.js';
import { Form } from './form.js';
import { listenToKeys } from './keys.js';
import { fillFilters, filters, showCounts, showOrphans } from './panels.js';

const page = {
  fixed: null, // what stays the same: types, principles, photographs, …
  person: '',
  ids: [],
  at: 0,
  note: null,
  figures: null,
  isBusy: false,
  known: new Map(), // notes fetched ahead
  onPhoto: new Map(),
};

const board = new Board(byId('board'), {
  current: () => page.note?.id,
  pick: (id) => go(id),
  act: (name, sent) => perform(name, { note: page.note?.id, ...sent }),
  mode: showMode,
});
const form = new Form({ save, perform: (name, sent) => perform(name, { note: page.note.id, ...sent }) });

async function begin() {
  page.fixed = await ask('start');
  form.prepare(page.fixed);
  fillFilters(page.fixed);
  const known = remembered();
  if (known) name(known);
  else await introduce();
  await loadQueue();
}

function name(person) {
  page.person = person;
  // A cookie, because each start has a port of its own and would forget what is kept for another.
  document.cookie = `review_person=${encodeURIComponent(person)}; max-age=31536000; path=/; samesite=strict`;
  byId('person').textContent = person;
}

function remembered() {
  const found = document.cookie.split('; ').find((one) => one.startsWith('review_person='));
  return found ? decodeURIComponent(found.slice('review_person='.length)) : '';
}

function introduce() {
  const dialog = byId('hello');
  byId('who').value = page.person || page.fixed.person;
  dialog.showModal();
  byId('who').select();
  return new Promise((resolve) => {
    dialog.onclose = () => {
      const given = byId('who').value.trim();
      name(given || page.person || page.fixed.person || 'unnamed');
      resolve();
    };
  });
}

async function loadQueue(keep = null) {
  page.figures = await ask('queue', { ...filters(), person: page.person });
  page.ids = page.figures.ids;
  page.known.clear();
  page.onPhoto.clear();
  page.at = Math.max(0, keep ? page.ids.indexOf(keep) : 0);
  progress();
  if (page.figures.notices.length) trouble(page.figures.notices.join('\n'));
  byId('orphans-open').hidden = !page.figures.orphans;
  byId('orphans-open').textContent = `${page.figures.orphans} decisions without a note`;
  await show(keep && !page.ids.includes(keep) ? keep : page.ids[page.at]);
}

function progress() {
  const { total, left } = page.figures;
  const bar = byId('progress');
  bar.max = Math.max(total, 1);
  bar.value = total - left;
  byId('progress-text').textContent = total
    ? `${(total - left).toLocaleString('en')} of ${total.toLocaleString('en')} notes done · ${left.toLocaleString('en')} left`
    : 'No notes here yet';
}

async function fetchNote(id) {
  const note = page.known.get(id) ?? (await ask(`note/${id}`));
  page.known.set(id, note);
  return note;
}

async function show(id, given = null) {
  const isThere = Boolean(id);
  byId('form').hidden = !isThere;
  byId('empty').hidden = isThere;
  if (!isThere) return nothingLeft();
  page.note = given ?? (await fetchNote(id));
  page.known.delete(id);
  const where = page.ids.indexOf(id);
  byId('note-title').textContent =
    where >= 0 ? `Note ${(where + 1).toLocaleString('en')} of ${page.ids.length.toLocaleString('en')}` : 'Note';
  form.show(page.note);
  focusNote();
  showBoard();
  ahead();
}

function nothingLeft() {
  page.note = null;
  byId('note-title').textContent = 'Nothing left here';
  const isAll = page.figures.total && !page.figures.left;
  form.nothing(
    page.fixed.second && !page.figures.total
      ? 'There is nothing to read a second time yet: somebody has to review notes first.'
      : isAll
        ? 'Every note has been looked at. Thank you. Run “workshop run” to take everything up into the record.'
        : 'No note fits this choice. Choose another under “Show”.',
  );
  byId('where').textContent = '';
}

function focusNote() {
  const title = byId('note-title');
  title.tabIndex = -1;
  title.focus({ preventScroll: true });
}

async function showBoard() {
  const { note } = page;
  const photo = page.fixed.photos.find((one) => one.sha256 === note.photo);
  byId('where').textContent = photo
    ? `${photo.path}${note.seen > 1 ? ` · seen on ${note.seen} photographs, counted once` : ''}`
    : 'There is no photograph of this note.';
  if (!photo) return board.show(null, [], null);
  board.show(photo, page.onPhoto.get(photo.sha256) ?? [], note.polygon);
  if (!page.onPhoto.has(photo.sha256)) {
    const found = await ask(`on/${photo.sha256}`);
    page.onPhoto.set(photo.sha256, found);
    if (page.note === note && !board.mode) board.show(photo, found, note.polygon);
  }
}

// Fetch the notes that come next, and their pictures, while the person reads this one.
function ahead() {
  const start = page.ids.indexOf(page.note.id) + 1;
  for (const id of page.ids.slice(start, start + 3)) {
    fetchNote(id)
      .then((note) => {
        if (note.picture) new Image().src = note.picture;
      })
      .catch(() => {});
  }
}

async function go(id) {
  try {
    trouble(null);
    await show(id);
  } catch (error) {
    trouble(error);
  }
}

function step(by) {
  const where = page.note ? page.ids.indexOf(page.note.id) : -1;
  page.at = Math.min(Math.max((where < 0 ? page.at - (by > 0 ? 1 : 0) : where) + by, 0), page.ids.length - 1);
  if (page.ids.length) go(page.ids[page.at]);
}

async function save(sent) {
  if (page.isBusy || !page.note) return;
  const { id } = page.note;
  const where = page.ids.indexOf(id);
  const next = where >= 0 ? page.ids[where + 1] : page.ids[page.at];
  busy(true);
  try {
    const answer = await reach('save', { note: id, stamp: page.note.stamp, next, ...sent });
    if (answer) await saved(answer, id, where, next);
  } catch (error) {
    trouble(error);
  } finally {
    busy(false);
  }
}

async function saved(answer, id, where, next) {
  if (answer.note?.state === 'disputed' && page.note.state !== 'disputed') {
    page.known.delete(id);
    await show(id, answer.note);
    return;
  }
  if (where >= 0 && filters().show !== 'all' && filters().show !== 'done') page.ids.splice(where, 1);
  for (const note of page.onPhoto.get(page.note.photo) ?? []) if (note.id === id) note.done = true;
  page.at = Math.max(where, 0);
  if (next && answer.next) await show(next, answer.next);
  else if (next) await show(next);
  else await loadQueue();
}

// Anything but saving a reading: afterwards the queue may be another one.
async function perform(act_name, sent) {
  if (page.isBusy) return;
  const before = page.note?.id;
  const next = page.ids[page.ids.indexOf(before) + 1];
  byId('mode').hidden = true;
  busy(true);
  try {
    const answer = await reach(act_name, sent);
    if (answer) await loadQueue(answer.note?.id ?? (act_name === 'discard' ? next : before));
  } catch (error) {
    trouble(error);
  } finally {
    busy(false);
  }
}

// While something is being saved, keys are not meant for the note that is about to go.
function busy(isBusy) {
  page.isBusy = isBusy;
  document.body.classList.toggle('busy', isBusy);
}

async function reach(act_name, sent) {
  try {
    const answer = await act(act_name, { person: page.person, ...sent });
    trouble(null);
    say(answer.said);
    page.known.clear();
    page.figures.left = page.fixed.second ? Math.max(0, page.figures.left - 1) : answer.left;
    page.figures.total = page.fixed.second ? page.figures.total : answer.total;
    progress();
    return answer;
  } catch (error) {
    trouble(error);
    return null;
  }
}

function showMode(text, canSave) {
  byId('mode').hidden = !text;
  byId('mode-text').textContent = text ?? '';
  byId('mode-save').hidden = !canSave;
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
  discard: () => page.note && perform('discard', { note: page.note.id }),
  person: () => introduce().then(() => loadQueue()),
  'counts-open': () => showCounts(page.figures),
  'orphans-open': () => ask('orphans').then(showOrphans).catch(trouble),
  'mode-save': () => board.finish(),
  'mode-cancel': () => board.cancel(),
  turn: () => form.turn(),
  illegible: () => form.saveStatus('illegible'),
  'no-text': () => form.saveStatus('no_text'),
  principle: () => form.choose('principle'),
  colour: () => form.choose('colour'),
  shape: () => form.choose('shape'),
};
for (const [id, run] of Object.entries(commands)) byId(id).addEventListener('click', run);
for (const id of ['show', 'reason', 'principle-filter', 'type', 'status', 'photo-filter']) {
  byId(id).addEventListener('change', () => loadQueue().catch(trouble));
}
listenToKeys({ commands, form, board, hasNote: () => Boolean(page.note), go: (id) => go(id) });
begin().catch(trouble);
