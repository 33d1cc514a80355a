// What hands do by accident: a key held down, a button pressed twice, a press that comes before there is anything to see.

import { byId, say, trouble } from './api.js';

const BLINK = 150; // ms in which nobody sees what a note says
const SLOW = 3000; // ms
// What is pressed many times on purpose.
const OFTEN = '#next, #previous, #in, #out, #closer, #turn';

export const isHeld = () => document.body.classList.contains('busy');

let afterwards = null;

// One thing at a time. While something is being saved or another note is on its way, keys, clicks and words are not
// meant for the note that is about to go, and are dropped.
export async function alone(run) {
  if (isHeld()) return undefined;
  hold(true);
  try {
    return await run();
  } catch (error) {
    trouble(error);
    return undefined;
  } finally {
    hold(false);
    if (afterwards) whenFree(afterwards);
  }
}

// For what cannot be dropped, because it is seen already: at once, or after what is under way.
export function whenFree(run) {
  afterwards = isHeld() ? run : null;
  alone(run);
}

let slow = 0;
function hold(isOn) {
  clearTimeout(slow);
  if (isOn) slow = setTimeout(() => say('Still waiting for the program behind this page…'), SLOW);
  document.body.classList.toggle('busy', isOn);
  byId('words').readOnly = isOn;
}

let blinking = 0;
const isWaiting = () => Boolean(byId('picture')?.classList.contains('waiting'));

// Something else is shown: nobody has looked at it before its picture is there, nor in the blink of an eye after.
export function blink() {
  clearTimeout(blinking);
  document.body.classList.add('unseen');
  blinking = setTimeout(() => document.body.classList.toggle('unseen', isWaiting()), BLINK);
}

// What is pressed before that was meant for what was shown before, or is the second press of two.
export function isSeen() {
  if (isWaiting()) say('One moment: its picture is still on its way.');
  return !document.body.classList.contains('unseen');
}

export function steady() {
  document.addEventListener('keydown', (event) => {
    // Held down, Enter would save note after note, and press whatever comes to stand under it.
    if (event.key === 'Enter' && event.repeat) stop(event);
  }, true);
  document.addEventListener('click', (event) => {
    const pressed = event.target.closest('button, label, input');
    const isSecond = event.detail > 1 && pressed && !pressed.matches(OFTEN);
    if (isSecond) say('Pressed twice: once was done.');
    if (isSecond || (isHeld() && !event.target.closest('dialog, a'))) stop(event);
  }, true);
}

function stop(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}
