// One note's form: its picture, words, type, principle and colour, and what is doubtful about it.

import { byId, make, say, trouble } from './api.js';
import { choose } from './asking.js';
import { highlight, unsureWords } from './words.js';

const PAPER = {
  yellow: '#f6dd55', orange: '#f2a24a', red: '#d9483b', pink: '#f2a0bd', purple: '#a98bcd', blue: '#7fb2e5',
  teal: '#5fc1bd', green: '#96cf74', cream: '#f0e4c4', white: '#ffffff', grey: '#b5b3ae', brown: '#a9835f', black: '#2c2b29',
};
// Said in an empty box, so that nobody wonders what Enter will save.
const PLACEHOLDER = {
  illegible: 'Illegible. Can you read it? Write what it says.',
  no_text: 'No text. Is something written on it? Write what it says.',
};

function swatch(colour) {
  const sign = make('span', { class: 'swatch', 'aria-hidden': 'true' });
  sign.style.background = PAPER[colour] ?? 'transparent';
  return sign;
}

export class Form {
  constructor(on) {
    this.on = on;
    this.note = null;
    this.chosen = {};
    this.words = byId('words');
    this.words.addEventListener('input', () => this.lightUp());
    for (const end of ['load', 'error']) {
      byId('picture').addEventListener(end, () => {
        byId('picture').classList.remove('waiting');
        this.on.seen();
      });
    }
    byId('form').addEventListener('submit', (event) => {
      event.preventDefault();
      this.submit();
    });
  }

  prepare(fixed) {
    this.fixed = fixed;
    const row = make('div');
    fixed.types.forEach((type, i) => {
      const input = make('input', { type: 'radio', name: 'type', value: type.code, 'aria-keyshortcuts': String(i + 1) });
      input.addEventListener('change', () => (this.chosen.response_type = type.code));
      row.append(
        make('label', { title: type.means }, input, make('kbd', { 'aria-hidden': 'true' }, String(i + 1)),
          make('span', {}, type.label), type.hint ? make('small', {}, type.hint.toLowerCase()) : null),
      );
    });
    byId('types').append(row);
    if (fixed.second) {
      byId('words-label').textContent = 'What does the note say? Write it down and choose the type.';
      byId('choices').hidden = true;
    }
  }

  show(note) {
    this.note = note;
    this.chosen = {
      response_type: note.response_type, principle_id: note.principle_id ?? null, colour: note.colour, shape: note.shape,
    };
    this.words.value = note.text;
    // What a person has confirmed is not in doubt any more, but for the marks they left.
    this.unsure = note.state === 'machine' ? unsureWords(note.words ?? []) : [];
    this.lightUp();
    this.words.placeholder = this.fixed.second ? '' : (PLACEHOLDER[note.text_status] ?? '');
    this.showType();
    const picture = byId('picture');
    picture.className = 'waiting';
    if (note.picture) picture.src = note.picture;
    else picture.removeAttribute('src');
    // Never the picture of another note beside these words, not even for a moment.
    if (picture.complete) picture.classList.remove('waiting');
    picture.hidden = !note.picture;
    picture.alt = note.picture ? 'The note, cut out of the photograph' : '';
    this.showWhy();
    this.showReading();
    this.showClaims();
    this.showDoubles();
    this.showFlags();
    this.showChoices();
  }

  nothing(text, again) {
    this.note = null;
    byId('picture').removeAttribute('src');
    byId('picture').hidden = true;
    for (const id of ['claims', 'doubles', 'flags']) byId(id).hidden = true;
    byId('why').replaceChildren();
    byId('empty').replaceChildren(
      make('p', {}, text),
      ...(again ? [make('button', { type: 'button', class: 'main', onclick: again }, 'Show what is left to do')] : []),
    );
  }

  showWhy() {
    const { note, fixed } = this;
    const parts = (note.reasons ?? []).map((code) => make('span', {}, fixed.reasons[code]));
    if (note.state && !['machine', 'disputed'].includes(note.state)) {
      const who = note.by.length ? ` by ${note.by.join(' and ')}` : '';
      parts.push(make('span', { class: 'calm' }, `${fixed.states[note.state]}${who}`));
    }
    byId('why').replaceChildren(...parts);
  }

  // What the machine read, where the box does not say the same.
  showReading() {
    const { note } = this;
    const lines = note.words ?? [];
    const read = lines.flat().map(([word]) => word).join(' ') || (note.machine_text ?? '');
    const inBox = note.text.replace(/\[\?\]/g, '').split(/\s+/).join(' ').trim();
    byId('machine').hidden = Boolean(note.second) || read.split(/\s+/).join(' ').trim() === inBox;
    byId('reading').replaceChildren(read || make('span', { class: 'lost' }, 'nothing'));
    const isGuess = !note.text && Boolean(read);
    byId('read-as').textContent = isGuess ? 'The machine’s guess, too unsure to print:' : 'The machine read:';
    byId('guess').hidden = !isGuess;
    this.guess = isGuess ? lines.map((line) => line.map(([word]) => word).join(' ')).join('\n') || read : '';
  }

  // Take the machine's guess into the box, to put it right there.
  takeGuess() {
    if (!this.guess) return;
    this.words.value = this.guess;
    this.unsure = unsureWords(this.note.words ?? []);
    this.lightUp();
    this.edit();
  }

  lightUp() {
    const { parts, doubtful } = highlight(this.words.value, this.unsure);
    byId('under').replaceChildren(...parts);
    byId('unsure').textContent = doubtful.length ? `Unsure: ${doubtful.join(', ')}.` : '';
  }

  get isChanged() {
    const { note, chosen } = this;
    if (!note) return false;
    const was = [note.text, note.response_type, note.principle_id ?? null, note.colour, note.shape];
    const is = [this.words.value, chosen.response_type, chosen.principle_id, chosen.colour, chosen.shape];
    return is.some((value, i) => value !== was[i]);
  }

  // What was typed and chosen and is not saved yet.
  get draft() {
    return { words: this.words.value, chosen: { ...this.chosen } };
  }

  bringBack({ words, chosen }) {
    this.words.value = words;
    this.chosen = { ...chosen };
    this.lightUp();
    this.showType();
    this.showChoices();
  }

  showType() {
    for (const input of document.querySelectorAll('input[name=type]')) input.checked = input.value === this.chosen.response_type;
  }

  showClaims() {
    const place = byId('claims');
    const claims = Object.entries(this.note.claims ?? {});
    place.hidden = !claims.length;
    place.replaceChildren(
      ...claims.flatMap(([aspect, said]) => [
        make('strong', {}, aspect === 'reading' ? 'It was read differently. Which is right?' : `It was judged differently (${this.named(aspect)}). Which is right?`),
        ...said.map(({ person, value }) =>
          make('div', { class: 'row' }, make('span', {}, `${person}:`), make('q', {}, this.labelled(aspect, value)),
            make('button', { type: 'button', onclick: () => this.settle(aspect, value) }, 'This one')),
        ),
        make('span', { class: 'sub' }, 'Choose one, or write what is right, then save.'),
      ]),
    );
  }

  named(aspect) {
    return { response_type: 'type of response', principle_id: 'principle', colour: 'colour', shape: 'shape' }[aspect] ?? aspect;
  }

  labelled(aspect, value) {
    const lists = { response_type: this.fixed.types, principle_id: this.fixed.principles, colour: this.fixed.colours, shape: this.fixed.shapes };
    return lists[aspect]?.find((one) => one.code === value)?.label ?? String(value ?? 'unplaced');
  }

  settle(aspect, value) {
    if (aspect === 'reading') {
      this.words.value = value;
      this.lightUp();
      this.words.focus();
    } else {
      this.chosen[aspect] = value;
      this.showType();
      this.showChoices();
    }
    say('Chosen. Save it with Enter.');
  }

  showDoubles() {
    const place = byId('doubles');
    const doubles = this.note.doubles ?? [];
    place.hidden = !doubles.length;
    place.replaceChildren(
      ...(doubles.length ? [make('strong', {}, 'Is this the same piece of paper?')] : []),
      ...doubles.map((other) =>
        make('div', { class: 'row' }, make('img', { src: other.picture, alt: '' }), make('span', {}, `${other.text} (${other.photo})`),
          make('button', { type: 'button', onclick: () => this.on.perform('same', { other: other.id }) }, 'Yes: count them once')),
      ),
    );
  }

  showFlags() {
    const place = byId('flags');
    const flags = this.note.flags ?? [];
    place.hidden = !flags.length;
    place.replaceChildren(
      ...(flags.length ? [make('strong', {}, 'This may name a person. May it be published?')] : []),
      ...flags.map((flag, i) =>
        make('div', { class: 'row' }, make('span', {}, `“${flag.text}” (${flag.kind})`),
          make('button', { type: 'button', 'aria-keyshortcuts': i ? null : 'y', onclick: () => this.settleName(i, true) }, 'Keep it', i ? null : make('kbd', {}, 'Y')),
          make('button', { type: 'button', 'aria-keyshortcuts': i ? null : 'n', onclick: () => this.settleName(i, false) }, 'Take it out', i ? null : make('kbd', {}, 'N'))),
      ),
    );
  }

  settleName(number, keep) {
    const flag = this.note?.flags?.[number];
    if (flag) this.on.perform('name', { text: flag.text, keep });
    return Boolean(flag);
  }

  showChoices() {
    if (this.fixed.second) return;
    const { answers } = this.note;
    byId('answers').replaceChildren('Answers: ', make('b', {}, answers ? `“${answers.text}”` : 'no note'), ' ', make('kbd', {}, 'A'));
    const { principle_id: principle, colour, shape } = this.chosen;
    const heading = this.fixed.principles.find((one) => one.code === principle)?.label ?? 'none yet';
    const button = byId('principle');
    button.replaceChildren('Principle: ', make('b', {}, heading), ' ', make('kbd', {}, 'P'));
    button.title = this.note.placement ?? '';
    button.classList.toggle('unset', principle === null && this.fixed.principles.length > 0);
    byId('colour').replaceChildren(swatch(colour), ' ', make('b', {}, this.labelled('colour', colour)), ' ', make('kbd', {}, 'C'));
    byId('shape').replaceChildren('Shape: ', make('b', {}, this.labelled('shape', shape)), ' ', make('kbd', {}, 'H'));
  }

  // A list where each entry has a key of its own.
  choose(what) {
    if (!this.note) return;
    const field = { principle: 'principle_id', colour: 'colour', shape: 'shape' }[what];
    const options = {
      principle: [...this.fixed.principles, { code: null, label: 'None of these (unplaced)' }],
      colour: this.fixed.colours,
      shape: this.fixed.shapes,
    }[what];
    const title = { principle: 'Which principle does it belong to?', colour: 'What colour is the paper?', shape: 'What shape is the note?' }[what];
    const offered = options.map((option) => ({
      ...option, isChosen: option.code === this.chosen[field], sign: what === 'colour' ? swatch(option.code) : null,
    }));
    const { note } = this;
    choose(title, offered).then((option) => {
      if (!option || this.note !== note) return;
      this.chosen[field] = option.code;
      if (what === 'shape') this.followShape(option.code);
      this.showChoices();
      byId('note-title').focus({ preventScroll: true });
    });
  }

  // The legend says what a shape means, so the type follows it; it can still be set by hand.
  followShape(shape) {
    const label = this.fixed.shapes.find((one) => one.code === shape)?.label;
    const type = this.fixed.types.findIndex((one) => one.hint === label);
    if (type >= 0) this.setType(type);
  }

  setPrinciple(number) {
    const option = this.fixed.principles[number];
    if (!option || this.fixed.second) return false;
    this.chosen.principle_id = option.code;
    this.showChoices();
    say(`Principle: ${option.label}`);
    return true;
  }

  setColour(number) {
    const option = this.fixed.colours[number];
    if (!option || this.fixed.second) return false;
    this.chosen.colour = option.code;
    this.showChoices();
    say(`Colour: ${option.label}`);
    return true;
  }

  setType(number) {
    const inputs = document.querySelectorAll('input[name=type]');
    if (!inputs[number]) return false;
    inputs[number].checked = true;
    this.chosen.response_type = inputs[number].value;
    return true;
  }

  edit(from = 0) {
    this.words.focus();
    // To the first word in doubt from there on, else to the end.
    const { value } = this.words;
    const found = highlight(value, this.unsure).places.find(([start]) => start >= from);
    const [start, end] = found ?? [value.length, value.length];
    this.words.setSelectionRange(start, end);
  }

  nextUnsure() {
    const { selectionEnd } = this.words;
    const { places } = highlight(this.words.value, this.unsure);
    this.edit(places.some(([start]) => start >= selectionEnd) ? selectionEnd : 0);
  }

  insert(mark) {
    const { selectionStart: start, selectionEnd: end, value } = this.words;
    const before = start && !/\s/.test(value[start - 1]) ? ' ' : '';
    this.words.setRangeText(`${before}${mark}`, start, end, 'end');
    this.lightUp();
  }

  markUnsure() {
    const { selectionEnd: end, value } = this.words;
    const rest = value.slice(end).search(/\s|$/);
    this.words.setRangeText('[?]', end + rest, end + rest, 'end');
    this.lightUp();
  }

  turn() {
    const { classList } = byId('picture');
    const now = [90, 180, 270].find((angle) => classList.contains(`t${angle}`)) ?? 0;
    classList.remove(`t${now}`);
    if (now < 270) classList.add(`t${now + 90}`);
  }

  sent() {
    const { response_type: type, ...others } = this.chosen;
    const isSecond = this.fixed.second;
    return { ...(type ? { response_type: type } : {}), ...(isSecond ? {} : others) };
  }

  submit() {
    if (!this.note) return;
    if (this.fixed.second && !this.chosen.response_type) {
      trouble('Choose the type of response first: press its number.');
      return;
    }
    const text = this.words.value.trim();
    // A note that was seen to have no words, and still has none in the box, is confirmed as it is.
    const isAsSeen = !text && ['no_text', 'illegible'].includes(this.note.text_status);
    this.on.save({ ...(isAsSeen ? { text_status: this.note.text_status } : { text }), ...this.sent() });
  }

  saveStatus(status) {
    if (!this.note) return;
    if (this.fixed.second && !this.chosen.response_type) {
      trouble('Choose the type of response first: press its number.');
      return;
    }
    this.on.save({ text_status: status, ...this.sent() });
  }
}
