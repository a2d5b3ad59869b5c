// Marks the characters that the address names (#120-154). Places are in characters as Python counts
// them, a browser counts those beyond the first 65,536 twice.
"use strict";

function unit(text, place) {
  let units = 0;
  for (const character of text) {
    if (place-- <= 0) break;
    units += character.length;
  }
  return units;
}

function mark() {
  const text = document.getElementById("text");
  const whole = text.textContent;
  text.textContent = whole;  // as it was, without an earlier mark
  const found = /^#(\d{1,9})-(\d{1,9})$/.exec(location.hash);
  if (!found) return;
  const start = unit(whole, Number(found[1])), end = unit(whole, Number(found[2]));
  if (start >= end) return;
  const words = document.createElement("mark");
  words.textContent = whole.slice(start, end);
  text.replaceChildren(whole.slice(0, start), words, whole.slice(end));
  words.scrollIntoView({ block: "center" });
}

addEventListener("hashchange", mark);
mark();
