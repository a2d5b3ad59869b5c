// Runs once, as the page's js_on_load: `trigger` sends an event to Python, `server` calls it and
// waits for the answer. Content never carries code: every button says what it does in data-act,
// and what comes back from Python is HTML that ui.markup has escaped.

const $ = (selector, within = document) => within.querySelector(selector);
const make = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};

// ---- which conversation this window shows: it is in the address, so a reload finds it again ----

const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(8)),
  (byte) => byte.toString(16).padStart(2, "0")).join("");
const inAddress = () => new URLSearchParams(location.search).get("chat");
let chat = /^[0-9a-f]{16}$/.test(inAddress() || "") ? inAddress() : fresh();
let editing = 0;
let places = [], at = -1, opener = null;  // the article pane's: see there

function go(id, push = true) {
  if (id !== chat) {
    shut();
    places = [];
    at = -1;
  }
  chat = id;
  edit(0);
  const address = new URL(location);
  address.searchParams.set("chat", id);
  history[push ? "pushState" : "replaceState"]({}, "", address);
  $("#desk")?.classList.remove("shelf");
  trigger("show", { chat });
}
addEventListener("popstate", () => { chat = inAddress() || chat; trigger("show", { chat }); });

// What the question's events send before Python sees them.
window.dateline = {
  asked: (_chat, _editing, ...rest) => { const turn = editing; edit(0); return [chat, String(turn), ...rest]; },
  here: (_chat, ...rest) => [chat, ...rest],
  fresh: () => { go(fresh()); $("#question textarea")?.focus(); },
  shelf: () => { $("#desk").classList.toggle("shelf"); },
  save: (name, text) => {
    const url = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    make("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  },
  theme: (value) => { localStorage.setItem("dateline-theme", value); dress(); },
};

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
  $("#desk").classList.add("reading");
  place();
  pane().focus({ preventScroll: true });
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

// ---- a dialog: fields in, their texts out, null when it was left ----

function dialog(title, fields, yes = "Save") {
  return new Promise((resolve) => {
    const inputs = fields.map(([label, value]) =>
      [label, make("textarea", { value, rows: value.length > 60 ? 4 : 2 })]);
    const box = make("dialog", { className: "ask" }, make("h2", { textContent: title }),
      ...inputs.map(([label, input]) => make("label", {}, label, input)),
      make("div", { className: "row" },
        make("button", { type: "button", textContent: "Cancel", onclick: () => box.close() }),
        make("button", { type: "button", className: "primary", textContent: yes,
          onclick: () => { box.returnValue = "yes"; box.close("yes"); } })));
    box.addEventListener("close", () => {
      resolve(box.returnValue === "yes" ? inputs.map(([, input]) => input.value) : null);
      box.remove();
    });
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey || fields.length === 1)) {
        event.preventDefault();
        box.close("yes");
      }
    });
    document.body.append(box);
    box.showModal();
  });
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {  // not a secure context: another machine over http
    const area = document.body.appendChild(make("textarea", { value: text }));
    area.select();
    document.execCommand("copy");
    area.remove();
  }
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
    if (said) trigger("rename", { chat: d.chat, title: said[0], current: chat });
  },
  delete: async (b, d) => {
    if (!await dialog(`Delete “${d.name}”?`, [], "Delete")) return;
    if (d.chat === chat) { go(fresh(), false); }
    trigger("discard", { chat: d.chat, current: chat });
  },
  copy: async (b, d) => {
    await copy(await server.copy({ turn: number(d.turn) }));
    b.textContent = "Copied";
    setTimeout(() => { b.textContent = "Copy"; }, 1500);
  },
  vote: async (b, d) => {
    const vote = b.classList.contains("on") ? 0 : number(d.vote);
    await server.vote({ turn: number(d.turn), vote, remark: "", expected: "" });
    trigger("show", { chat });
    if (!vote) return;
    const said = await dialog(vote > 0 ? "Good answer" : "Bad answer",
      [["Remark (optional)", ""], ["What it should say, in a few words (optional, for the benchmark)", ""]]);
    if (!said) return;
    await server.vote({ turn: number(d.turn), vote, remark: said[0], expected: said[1] });
    trigger("show", { chat });
  },
  retry: (b, d) => trigger("again", { chat, turn: number(d.turn) }),
  edit: (b, d) => edit(number(d.turn), d.question),
  suggest: (b, d) => trigger("again", { chat, question: d.question }),
  unfilter: (b, d) => number(d.turn) && trigger("again", { chat, turn: number(d.turn), kind: d.kind, value: d.value }),
  unchip: (b, d) => trigger("unchip", { kind: d.kind, value: d.value }),
  tab: (b, d) => selectTab(d.tab),
  sort: (b, d) => trigger("table", { column: d.column }),
  page: (b, d) => trigger("table", { page: number(d.page) }),
  remove: (b, d) => trigger("remove", { article: d.article }),
  export: async () => dateline.save("conversation.md", await server.exported({ chat })),
  questions: async () => {
    const { text, left } = await server.questions({});
    if (text) dateline.save("questions.jsonl", text);
    $("#said").textContent = text ? (left ? `${left} without an expected answer left out.` : "Saved.")
      : "No answer has been marked good or corrected yet.";
  },
  undo: () => trigger("undo", {}),
  back: () => walk(-1),
  forward: () => walk(1),
  shut,
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) acts[button.dataset.act]?.(button, button.dataset);
});

document.addEventListener("keydown", (event) => {
  if ($("dialog[open]")) return;
  const writing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "Escape" && !shut()) $(".turn.live") && $("#stop").click();
  if (event.key === "/" && !writing && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    selectTab("Chat");
    $("#question textarea").focus();
  }
});

// ---- hovering or focusing a citation shows its words ----

let hover = null;
function point(event) {
  const button = event.target.closest?.(".cite");
  hover?.remove();
  hover = null;
  if (!button || /out$/.test(event.type)) return;
  hover = make("div", { id: "hover" }, make("p", { textContent: `“${button.dataset.quote}”` }),
    make("small", { textContent: button.dataset.by }));
  document.body.append(hover);
  const box = button.getBoundingClientRect();
  hover.style.left = `${Math.max(8, Math.min(box.left - 20, innerWidth - hover.offsetWidth - 12))}px`;
  const above = box.top - hover.offsetHeight - 8;
  hover.style.top = `${above > 60 ? above : box.bottom + 8}px`;
}
for (const kind of ["mouseover", "mouseout", "focusin", "focusout"]) document.addEventListener(kind, point);

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
  if ($("#transcript .turn.running") && !waiting) {
    waiting = setTimeout(() => { waiting = null; trigger("show", { chat }); }, 1500);
  }
}

let last = "";
const seen = new MutationObserver(() => {
  follow();
  const turns = document.querySelectorAll("#talk .turn");
  const turn = turns[turns.length - 1];
  const now = `${chat} ${turns.length} ${!!$(".turn.live")}`;
  const near = document.documentElement.scrollHeight - innerHeight - scrollY < 220;
  if (turn && now !== last) {
    // a new turn, or one that is done: its question comes to the top if it doesn't fit
    const tall = turn.offsetHeight > innerHeight - 70 - $("#dock").offsetHeight;
    if (tall) scrollTo({ top: scrollY + turn.getBoundingClientRect().top - 70 });
    else scrollTo({ top: document.documentElement.scrollHeight });
  } else if (near && $(".turn.live")) {
    scrollTo({ top: document.documentElement.scrollHeight });
  }
  last = now;
});

function start() {
  const talk = $("#talk");
  if (!talk || !$("#pane")) return void setTimeout(start, 30);
  dress();
  seen.observe(talk, { childList: true, subtree: true, characterData: true });
  go(chat, false);
  $("#question textarea")?.focus();
}
start();
