// Runs once, as the page's js_on_load: `trigger` sends an event to Python, `server` calls it and
// waits for the answer. Content never carries code: every button says what it does in data-act,
// and what comes back from Python is HTML that ui.markup has escaped.

// ---- which conversation this window shows: it is in the address, so a reload finds it again ----

const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(8)),
  (byte) => byte.toString(16).padStart(2, "0")).join("");
const inAddress = () => new URLSearchParams(location.search).get("chat");
let chat = /^[0-9a-f]{16}$/.test(inAddress() || "") ? inAddress() : fresh();
let editing = 0;
let places = [], at = -1, opener = null;  // the article pane's: see there

function go(id, how = "pushState") {
  if (id !== chat) {
    shut();
    places = [];
    at = -1;
  }
  chat = id;
  edit(0);
  const address = new URL(location);
  address.searchParams.set("chat", id);
  if (how) history[how]({}, "", address);
  $("#desk")?.classList.remove("shelf");
  show();
}
const show = () => trigger("show", {});  // of `chat`, as it is when the event leaves: see `here`
addEventListener("popstate", () => go(inAddress() || chat, null));
addEventListener("unheard", () => trigger("wake", {}));  // see stream.js

// What events take along at the moment when they leave for Python.
window.dateline = {
  asked: (_chat, _editing, ...rest) => [chat, String(editing), ...rest],
  here: (_chat, ...rest) => [chat, ...rest],
  keep: (model, passages, strictness) =>
    localStorage.setItem("dateline-settings", JSON.stringify({ model, passages, strictness })),
  fresh: () => { go(fresh()); $("#question textarea")?.focus(); },
  shelf: () => { $("#desk").classList.toggle("shelf"); },
  save: (name, content, type = "text/plain") => {
    const url = URL.createObjectURL(new Blob([content], { type }));
    make("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  },
  theme: (value) => { localStorage.setItem("dateline-theme", value); dress(); },
};

function settings() {
  let kept = {};
  try { kept = JSON.parse(localStorage.getItem("dateline-settings")) || {}; } catch { /* not ours */ }
  return { ...kept, look: localStorage.getItem("dateline-theme") || "system" };
}

function dress() {
  const wanted = localStorage.getItem("dateline-theme") || "system";
  const dark = wanted === "dark" || (wanted !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.body.classList.toggle("dark", dark);
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", dress);

function type(text) {
  const box = $("#question textarea");
  box.value = text;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.focus();
}

function edit(turn, question) {
  editing = turn;
  const note = $("#editing");
  if (!note) return;
  note.replaceChildren();
  follow();
  if (!turn) return;
  type(question);
  note.append("Editing an earlier question; it and what followed will be replaced. ",
    make("button", { type: "button", textContent: "Cancel", onclick: () => { edit(0); type(""); } }));
}

// ---- the article pane: a stack of places one has been, each with how far it was scrolled ----


const pane = () => $("#pane");

let asked = 0;

async function open(what, button) {
  const mine = ++asked;
  const html = await server.article(what);
  if (mine !== asked) return;  // an answer that was overtaken by a later click
  if (at >= 0) places[at].scroll = pane().scrollTop;
  places = places.slice(0, at + 1).concat({ html, scroll: null });
  at = places.length - 1;
  opener = button;
  document.querySelectorAll(".cite.active").forEach((each) => each.classList.remove("active"));
  if (button?.classList.contains("cite")) button.classList.add("active");
  selectTab("Chat");
  point({ type: "out" });
  $("#desk").classList.add("reading");
  place();
  pane().focus({ preventScroll: true });
  button?.isConnected && button.closest("#talk") && keepInView(button);
}

function keepInView(button) {  // the answer grows narrower when an article opens, and moves
  const { top, bottom } = button.getBoundingClientRect();
  if (top < 60 || bottom > innerHeight - $("#dock").offsetHeight) button.scrollIntoView({ block: "center" });
}

function place() {
  const { html, scroll } = places[at];
  $("#pane .content").innerHTML = html;
  $("#pane .back").disabled = at === 0;
  $("#pane .forward").disabled = at === places.length - 1;
  const mark = $("#pane mark");
  pane().scrollTop = scroll ?? (mark ? mark.offsetTop - pane().clientHeight * 0.32 : 0);
}

function walk(step) {
  if (!places[at + step]) return;
  places[at].scroll = pane().scrollTop;
  at += step;
  place();
}

function shut() {
  if (!$("#desk.reading")) return false;
  $("#desk").classList.remove("reading");
  document.querySelectorAll(".cite.active").forEach((each) => each.classList.remove("active"));
  opener?.isConnected && opener.focus({ preventScroll: true });
  return true;
}

function selectTab(name) {
  const button = [...document.querySelectorAll("#tabs button[role=tab]")]
    .find((each) => each.textContent.trim() === name);
  if (button && button.getAttribute("aria-selected") !== "true") button.click();
}

// ---- what the buttons do ----

const number = (text) => Number(text) || 0;
const acts = {
  open: (b, d) => open({ article: d.article, spans: d.spans || "", turn: number(d.turn), n: number(d.n) }, b),
  chat: (b, d) => go(d.chat),
  rename: async (b, d) => {
    const said = await dialog("Rename the conversation", [["Name", d.name]]);
    if (!said) return;
    await server.rename({ chat: d.chat, title: said[0] });
    show();
  },
  delete: async (b, d) => {
    if (!await dialog(`Delete “${d.name}”?`, [], "Delete")) return;
    await server.discard({ chat: d.chat });
    if (d.chat === chat) go(fresh(), "replaceState");
    else show();
  },
  copy: async (b, d) => {
    await copy(await server.copy({ turn: number(d.turn) }));
    b.textContent = "Copied";
    tell("Copied, with its footnotes");
    setTimeout(() => { b.textContent = "Copy"; }, 1500);
  },
  vote: async (b, d) => {
    const vote = b.classList.contains("on") ? 0 : number(d.vote);
    // at once: a second press before the answer is drawn anew has to see what the first one did
    b.parentElement.querySelectorAll(".thumb").forEach((each) => each.classList.toggle("on", each === b && !!vote));
    const keep = (remark, expected) => server.vote({ turn: number(d.turn), vote, remark, expected });
    await keep(d.remark || "", d.expected || "");
    show();
    if (!vote) return;
    const said = await dialog(vote > 0 ? "What is good about it?" : "What is wrong with it?",
      [["Remark (optional)", d.remark || ""],
        ["What it should say, in a few words (optional; for the question file)", d.expected || ""]],
      "Save", "No remark");
    if (!said) return;
    await keep(said[0], said[1]);
    show();
  },
  retry: (b, d) => trigger("again", { chat, turn: number(d.turn) }),
  edit: (b, d) => edit(number(d.turn), d.question),
  suggest: (b, d) => trigger("again", { chat, question: d.question }),
  unfilter: (b, d) => number(d.turn) && trigger("again", { chat, turn: number(d.turn), kind: d.kind, value: d.value }),
  unchip: (b, d) => trigger("unchip", { kind: d.kind, value: d.value }),
  mark: (b) => point({ type: "press", target: b }),
  tab: (b, d) => selectTab(d.tab),
  sort: (b, d) => trigger("table", { column: d.column }),
  page: (b, d) => trigger("table", { page: number(d.page) }),
  remove: (b, d) => trigger("remove", { article: d.article }),
  export: async () => dateline.save("conversation.md", await server.exported({ chat })),
  questions: async () => {
    const { zip, left } = await server.questions({});
    const bytes = Uint8Array.from(atob(zip), (letter) => letter.charCodeAt(0));
    if (zip) dateline.save("marked-answers.zip", bytes, "application/zip");
    const without = left ? ` ${left} marked bad without saying what it should say left out.` : "";
    $("#said").textContent = zip ? `Saved.${without}` : "No answer has been marked good or corrected yet.";
  },
  undo: () => trigger("undo", {}),
  back: () => walk(-1),
  forward: () => walk(1),
  shut,
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) acts[button.dataset.act]?.(button, button.dataset);
  else point({ type: "out" });
  const fold = event.target.closest("#narrow > button");
  if (fold) setTimeout(() => { fold.ariaExpanded = fold.querySelector(".icon").style.transform.includes("90") ? "false" : "true"; }, 50);
  if (!event.target.closest("#shelf, #shelf-toggle, dialog")) $("#desk").classList.remove("shelf");
  // what came in while another tab was open
  if ($("#talk .welcome") && event.target.closest("#tabs button[role=tab]")) show();
});

document.addEventListener("keydown", (event) => {
  if ($("dialog[open]")) return;
  const writing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (event.key === "Escape") {
    point({ type: "out" });
    if ($("#desk.shelf")) $("#desk").classList.remove("shelf");
    else if (!shut() && $(".turn.live")) $("#stop").click();
  } else if (event.key === "/" && !writing && plain) {
    event.preventDefault();
    selectTab("Chat");
    $("#question textarea").focus();
  } else if (event.altKey && /^Arrow(Left|Right)$/.test(event.key) && event.target.closest("#pane")) {
    event.preventDefault();
    walk(event.key === "ArrowLeft" ? -1 : 1);
  }
});

// ---- what the page keeps when Python redraws a part of it ----

const wanted = new Map();  // details that a person has opened or closed
const key = (details) => `${details.closest("[data-turn]")?.dataset.turn} ${details.className}`;
document.addEventListener("click", (event) => {
  const details = event.target.closest?.(".turn summary")?.parentElement;
  if (details) wanted.set(key(details), !details.open);
});

let waiting = null;
function follow() {
  document.querySelectorAll(".turn details").forEach((details) => {
    const open = wanted.get(key(details));
    if (open !== undefined && details.open !== open) details.open = open;
  });
  document.querySelectorAll("#transcript .turn").forEach((turn) => {
    turn.classList.toggle("replaced", editing > 0 && number(turn.dataset.turn) >= editing);
  });
  $("#desk").classList.toggle("blank", !$("#talk .turn"));
  if ($("#transcript .turn.running") && !waiting) {
    waiting = setTimeout(() => { waiting = null; show(); }, 1500);
  }
}

let last = "", stage = "";
const seen = new MutationObserver(() => {
  follow();
  // what was on its way when the window went to another conversation
  if ([...document.querySelectorAll("#talk .turn")].some((turn) => turn.dataset.chat !== chat)) show();
  const turns = document.querySelectorAll("#talk .turn");
  const turn = turns[turns.length - 1];
  const now = `${chat} ${turns.length} ${!!$(".turn.live")}`;
  const doing = $(".turn.live .stages .now")?.firstChild?.textContent || "";
  if (doing !== stage) tell(stage = doing);
  const near = document.documentElement.scrollHeight - innerHeight - scrollY < 220;
  if (turn && now !== last) {
    if ($(".turn.live")) {  // the question was taken
      edit(0);
      sessionStorage.removeItem("dateline-typed");
    }
    else if (last.endsWith("true")) tell(answered(turn));
    // a new turn, or one that is done: its question comes to the top if it doesn't fit
    const tall = turn.offsetHeight > innerHeight - 70 - $("#dock").offsetHeight;
    if (tall) scrollTo({ top: scrollY + turn.getBoundingClientRect().top - 70 });
    else scrollTo({ top: document.documentElement.scrollHeight });
  } else if (near && $(".turn.live")) {
    scrollTo({ top: document.documentElement.scrollHeight });
  }
  last = now;
});

// What a screen reader is told when an answer is there; the answer itself is read where it stands.
const answered = (turn) => turn.querySelector(".abstention .headline, .note, .trust")?.textContent || "";

function start() {
  const talk = $("#talk");
  const parts = ["#pane", "#transcript .html-container", "#question textarea", "#narrow > button"];
  if (!parts.every((part) => $(part))) return void setTimeout(start, 30);  // each loads by itself
  dress();
  seen.observe(talk, { childList: true, subtree: true, characterData: true });
  document.body.append(make("div", { id: "told", className: "sr", role: "status" }));
  $("#narrow > button").ariaExpanded = "false";
  trigger("restore", settings());
  go(chat, "replaceState");
  type(sessionStorage.getItem("dateline-typed") || "");  // a reload loses nothing
  $("#question textarea").addEventListener("input", (event) =>
    sessionStorage.setItem("dateline-typed", event.target.value));
}
start();
