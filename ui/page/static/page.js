// Runs once, as the page's js_on_load: `trigger` sends an event to Python, `python` calls it and
// waits for the answer. Content never carries code: every button says what it does in data-act,
// and what comes back from Python is HTML that ui.page.rendering.markup has escaped.

// ---- which conversation this window shows: it is in the address, so a reload finds it again ----

const fresh = () => Array.from(crypto.getRandomValues(new Uint8Array(8)),
  (byte) => byte.toString(16).padStart(2, "0")).join("");
const inAddress = () => new URLSearchParams(location.search).get("chat");
let chat = /^[0-9a-f]{16}$/.test(inAddress() || "") ? inAddress() : fresh();
let editing = 0;

function go(id, how = "pushState") {
  if (id !== chat) forget();
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
  asked: (_chat, _editing, _beside, ...rest) => [chat, String(editing), beside(), ...rest],
  here: (_chat, ...rest) => [chat, ...rest],
  keep: (model, passages, budget, withheld) =>
    localStorage.setItem("dateline-settings", JSON.stringify({ model, passages, budget, withheld })),
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
  const followed = number(here().at(-1)?.dataset.turn) > turn;
  note.append(followed ? "Editing an earlier question: it and what followed will be replaced. "
    : "Editing the question: its answer will be replaced. ",
    make("button", { type: "button", textContent: "Cancel", onclick: () => { edit(0); type(""); } }));
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
  news: (b) => news.list(b),
  seen: () => news.seen(),
  changes: (b, d) => enter(python.changes({ article: d.article, version: d.version || "" }), d.article, b),
  chat: (b, d) => go(d.chat),
  rename: async (b, d) => {
    const said = await dialog("Rename the conversation", [["Name", d.name]]);
    if (!said) return;
    await python.rename({ chat: d.chat, title: said[0] });
    show();
  },
  delete: async (b, d) => {
    if (!await dialog(`Delete “${d.name}”?`, [], "Delete")) return;
    await python.discard({ chat: d.chat });
    if (d.chat === chat) go(fresh(), "replaceState");
    else show();
  },
  copy: async (b, d) => {
    await copy(await python.copy({ turn: number(d.turn) }));
    b.classList.add("did");
    tell("Copied, with its footnotes");
    setTimeout(() => b.classList.remove("did"), 1500);
  },
  vote: async (b, d) => {
    const vote = b.classList.contains("on") ? 0 : number(d.vote);
    // at once: a second press before the answer is drawn anew has to see what the first one did
    b.parentElement.querySelectorAll(".thumb").forEach((each) => each.classList.toggle("on", each === b && !!vote));
    const keep = (remark, expected) => python.vote({ turn: number(d.turn), vote, remark, expected });
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
  more: (b, d) => more(d.turn),
  retry: (b, d) => again({ turn: number(d.turn) }),
  further: (b, d) => again({ turn: number(d.turn), further: true }),
  retyped: (b, d) => again({ turn: number(d.turn), typed: true }),
  edit: (b, d) => edit(number(d.turn), d.question),
  suggest: (b, d) => again({ question: d.question, ask: d.ask, article: d.article || "" }),
  summarise: () => {
    const article = beside(), title = $("#pane h2")?.textContent || "this article";
    if (innerWidth < 821) shut();  // it covers the talk
    again({ question: `Summarise “${title.slice(0, 200)}”`, ask: "article", article });
  },
  unfilter: (b, d) => number(d.turn) && again({ turn: number(d.turn), kind: d.kind, value: d.value }),
  unchip: (b, d) => trigger("unchip", { kind: d.kind, value: d.value }),
  mark: (b) => point({ type: "press", target: b }),
  tab: (b, d) => selectTab(d.tab),
  sort: (b, d) => trigger("table", { column: d.column }),
  page: (b, d) => trigger("table", { page: number(d.page) }),
  choose: async () => (await filesInput()).click(),
  amend: async (b, d) => {
    let title = `Edit “${d.name}”`, said = [d.name, d.source, d.published];
    while (title) {
      said = await dialog(title, [["Title", said[0], "text"], ["Outlet", said[1], "text"], ["Published", said[2], "date"]]);
      if (!said) return;
      title = await python.amend({ article: d.article, title: said[0], source: said[1], published: said[2] });
    }
    trigger("table", {});
  },
  remove: (b, d) => trigger("remove", { article: d.article }),
  export: async () => {
    const name = ($(".chats .current .chat")?.textContent || "").replace(/[^\p{L}\p{N}]+/gu, "-");
    dateline.save(`${name.slice(0, 60).replace(/^-|-$/g, "") || "conversation"}.md`, await python.exported({ chat }));
  },
  questions: async () => {
    const { zip, left } = await python.questions({});
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

const again = (what) => trigger("again", { chat, article: beside(), ...what });
document.addEventListener("change", ({ target }) => {
  if (target.matches("select[data-choose=kind]")) again({ turn: number(target.dataset.turn), ask: target.value });
});

async function act(button) {
  try {
    await acts[button.dataset.act]?.(button, button.dataset);
  } catch (error) {
    console.warn(error);
    await dialog("Dateline doesn’t answer. Is it still running? Nothing is lost: start it, then try again.", [], "Close", "");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) act(button);
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
    else if (!shut() && live()) $("#stop").click();
  } else if (event.key === "/" && !writing && plain) {
    event.preventDefault();
    selectTab("Chat");
    $("#question textarea").focus();
  } else if (event.altKey && /^Arrow(Left|Right)$/.test(event.key) && event.target.closest("#pane")) {
    event.preventDefault();
    walk(event.key === "ArrowLeft" ? -1 : 1);
  }
});

function start() {
  const talk = $("#talk");
  const parts = ["#pane", "#transcript .html-container", "#question textarea", "#narrow > button"];
  if (!parts.every((part) => $(part))) return void setTimeout(start, 30);  // each loads by itself
  dress();
  const drawn = { childList: true, subtree: true, characterData: true,
    attributeFilter: ["data-article", "data-chat", "data-turn"] };
  seen.observe(talk, drawn);
  named.observe($("#chats"), drawn);
  kept.observe($("#tabs"), drawn);
  document.body.append(make("div", { id: "told", className: "sr", role: "status" }));
  $("#narrow > button").ariaExpanded = "false";
  trigger("restore", settings());
  go(chat, "replaceState");
  news.look();
  type(sessionStorage.getItem("dateline-typed") || "");  // a reload loses nothing
  $("#question textarea").addEventListener("input", (event) =>
    sessionStorage.setItem("dateline-typed", event.target.value));
}
start();
