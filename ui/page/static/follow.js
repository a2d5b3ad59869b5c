// What the page does when Python has drawn a part of it anew. Joined with page.js into one script.

// ---- what is behind "more" stays open ----

const opened = new Set();  // turns
function more(turn) {
  if (!opened.delete(turn)) opened.add(turn);
  follow();
}

let waiting = null;
function follow() {
  document.querySelectorAll(".turn button.more").forEach((button) => {
    const open = opened.has(button.dataset.turn);  // what is drawn may have been another turn's
    button.ariaExpanded = String(open);
    const behind = button.closest(".turn").querySelector(".behind");
    if (behind) behind.hidden = !open;
  });
  $("#composer").inert = !!$("#talk .welcome.vacant");  // nothing to ask yet
  document.querySelectorAll("#transcript .turn").forEach((turn) => {
    turn.classList.toggle("replaced", editing > 0 && number(turn.dataset.turn) >= editing);
  });
  $("#desk").classList.toggle("blank", !here().length);
  if ($("#transcript .turn.running") && !waiting) {
    waiting = setTimeout(() => { waiting = null; show(); }, 1500);
  }
}

// ---- only the conversation that the window shows is seen ----

// What was on its way when the window went to another one can come after it. It is out of sight at
// once and asked away again, but never in a circle: an answer that doesn't come (the server is
// gone) draws something too, and that must not ask at once for another.
const all = () => [...document.querySelectorAll("#talk .turn")];
const here = () => all().filter((turn) => turn.dataset.chat === chat);
const live = () => here().some((turn) => turn.classList.contains("live"));
const SOON = 300, LATE = 30000;
let looking = null, patience = SOON;
function strays() {
  const found = all().filter((turn) => (turn.hidden = turn.dataset.chat !== chat));
  if (!found.length) patience = SOON;
  if (!found.length || looking) return;
  looking = setTimeout(() => {
    looking = null;
    patience = Math.min(2 * patience, LATE);
    if (here().length < all().length) show();
    strays();
  }, patience);
}

// ---- where one looks ----

let last = "", stage = "";
const seen = new MutationObserver(() => {
  strays();
  follow();
  const turns = here(), turn = turns[turns.length - 1];
  const now = `${chat} ${turns.length} ${live()}`;
  const step = (live() && $(".turn.live .stages .now")?.firstChild?.textContent) || "";
  const doing = step.replace(/ \d.*$/, "");  // not each passage
  if (doing !== stage) tell(stage = doing);
  const near = document.documentElement.scrollHeight - innerHeight - scrollY < 220;
  if (turn && now !== last) {
    if (live()) {  // the question was taken
      edit(0);
      sessionStorage.removeItem("dateline-typed");
    }
    else if (last.endsWith("true")) tell(answered(turn));
    // a new turn, or one that is done: its question comes to the top if it doesn't fit
    const tall = turn.offsetHeight > innerHeight - 70 - $("#dock").offsetHeight;
    if (tall) scrollTo({ top: scrollY + turn.getBoundingClientRect().top - 70 });
    else scrollTo({ top: document.documentElement.scrollHeight });
  } else if (near && live()) {
    scrollTo({ top: document.documentElement.scrollHeight });
  }
  last = now;
});

// What a screen reader is told when an answer is there; the answer itself is read where it stands.
const answered = (turn) => turn.querySelector("[data-told]")?.dataset.told
  || turn.querySelector(".note")?.textContent || "";

// ---- a button that is drawn anew keeps the focus: without it a keyboard starts at the top again ----

// The framework draws a new button, or makes another one of the old, as it happens.
let held = null, did = "";  // the button with the focus, and what it did when it got it
const does = ({ dataset: d }) =>
  JSON.stringify([d.act, d.chat, d.turn, d.article, d.spans, d.n, d.vote, d.kind, d.value, d.column, d.question]);
document.addEventListener("mousedown", () => { held = null; });
document.addEventListener("focusin", ({ target }) => {
  if (target.closest("dialog")) return;
  held = target.closest("button[data-act]");
  did = held && does(held);
});
function refocus() {
  const active = document.activeElement, other = active === held && does(held) !== did;
  if (!held || !(other || active === document.body)) return;
  const again = [...document.querySelectorAll("button[data-act]")].find((each) => does(each) === did)
    || (JSON.parse(did)[0] === "remove" && $("#removed [data-act=undo]"));
  if (!again) return;
  again.closest("li")?.querySelector("button").focus({ preventScroll: true });  // shows its tools
  again.focus({ preventScroll: true });
}
const kept = new MutationObserver(refocus);

// A browser's tab is found by its conversation's name.
const named = new MutationObserver(() => {
  const name = $(".chats .current .chat")?.textContent;
  document.title = name ? `${name} · Dateline` : "Dateline";
});
