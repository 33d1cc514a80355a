// One key for everything. Single letters only count outside text boxes, and can be switched off.

import { byId } from './api.js';
import { isHeld, steady } from './hands.js';

const KEYS = {
  j: 'next', k: 'previous', u: 'undo', z: 'closer', '+': 'in', '-': 'out', r: 'turn',
  i: 'illegible', t: 'no-text', x: 'discard', p: 'principle', c: 'colour', h: 'shape',
  a: 'answers', g: 'guess', '?': 'help-open', d: 'draw', m: 'corners', s: 'split', o: 'join', '=': 'same',
};
const REST = 300; // ms
// What does nothing to a note, and is pressed fast on purpose.
const LOOKING = new Set(['next', 'previous', 'closer', 'in', 'out', 'turn']);
const IN_SECOND = new Set(['next', 'previous', 'undo', 'closer', 'in', 'out', 'turn', 'illegible', 'no-text', 'help-open']);

export function listenToKeys({ commands, form, board, hasNote }) {
  const onKeys = byId('keys-on');
  onKeys.checked = localStorage.getItem('review-keys') !== 'off';
  onKeys.addEventListener('change', () => localStorage.setItem('review-keys', onKeys.checked ? 'on' : 'off'));

  steady();
  let dropped = -REST;
  document.addEventListener('keydown', (event) => {
    // 229: a key that an input method takes; Safari tells of the one that ends composing in this way only.
    if (event.defaultPrevented || event.isComposing || event.keyCode === 229) return;
    if (document.querySelector('dialog[open]')) return;
    // Typed through while another note was on its way: the rest of the word is not meant as keys either.
    const isLetter = event.key.length === 1 && !LOOKING.has(KEYS[event.key.toLowerCase()]);
    if (isHeld() || (isLetter && event.timeStamp - dropped < REST)) {
      // The browser's own keys stay, so that one can load the page again.
      if (event.ctrlKey || event.metaKey || /^F\d+$/.test(event.key)) return;
      if (isLetter) dropped = event.timeStamp;
      event.preventDefault();
      return;
    }
    const target = event.target;
    const isWriting = target.matches('textarea, input:not([type=radio], [type=checkbox])');
    if (isWriting) {
      inTextBox(event);
      return;
    }
    if (event.altKey && !event.ctrlKey && /^Digit[1-9]$/.test(event.code) && onKeys.checked && !board.mode && hasNote()) {
      if (form.setColour(Number(event.code.slice(5)) - 1)) event.preventDefault();
      return;
    }
    if (target.matches('select') || event.ctrlKey || event.metaKey || event.altKey) return;
    if (board.mode && !target.matches('button') && board.key(event)) {
      event.preventDefault();
      return;
    }
    if (event.key === 'Enter' && hasNote() && !target.matches('button, a, summary, input')) {
      event.preventDefault();
      form.submit();
      return;
    }
    if (!onKeys.checked || board.mode || event.repeat) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === 'e' && hasNote()) {
      event.preventDefault();
      form.edit();
    } else if (/^[1-9]$/.test(key) && hasNote()) {
      if (form.setType(Number(key) - 1)) event.preventDefault();
    } else if (event.shiftKey && /^Digit[1-9]$/.test(event.code) && !KEYS[key] && hasNote()) {
      // The key's place, because what Shift makes of a digit differs from keyboard to keyboard.
      if (form.setPrinciple(Number(event.code.slice(5)) - 1)) event.preventDefault();
    } else if ((key === 'y' || key === 'n') && hasNote()) {
      if (form.settleName(0, key === 'y')) event.preventDefault();
    } else if (KEYS[key] && byId(KEYS[key]) && isUsable(KEYS[key])) {
      event.preventDefault();
      commands[KEYS[key]]();
    }
  });

  function isUsable(command) {
    const needsNote = !['undo', 'next', 'previous', 'help-open'].includes(command);
    const isSecond = document.body.classList.contains('second');
    return (hasNote() || !needsNote) && (!isSecond || IN_SECOND.has(command));
  }

  function inTextBox(event) {
    if (event.target.id !== 'words') return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      form.submit();
    } else if (event.key === 'Escape') {
      event.preventDefault();
      byId('note-title').focus();
    } else if (event.altKey && event.code === 'KeyI') {
      event.preventDefault();
      form.insert('[illegible]');
    } else if (event.altKey && event.code === 'Period') {
      event.preventDefault();
      form.nextUnsure();
    } else if (event.altKey && event.code === 'Slash') {
      event.preventDefault();
      form.markUnsure();
    }
  }
}
