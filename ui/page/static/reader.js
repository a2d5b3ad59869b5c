// The article beside the chat, joined with page.js into one script.

// ---- the article pane: a stack of places one has been, each with how far it was scrolled ----

let places = [], at = -1, opener = null, asked = 0;
const pane = () => $("#pane");
const beside = () => ($("#desk.reading") && places[at]?.article) || "";  // what "this article" means

const open = (what, button) => enter(python.article(what), what.article, button);
async function enter(coming, article, button) {
  const mine = ++asked;
  const html = await coming;
  if (mine !== asked) return;  // an answer that was overtaken by a later click
  if (at >= 0) places[at].scroll = pane().scrollTop;
  places = places.slice(0, at + 1).concat({ html, scroll: null, article });
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
  const { html, scroll, article } = places[at];
  $("#pane .content").innerHTML = html;
  $("#pane .back").disabled = at === 0;
  $("#pane .forward").disabled = at === places.length - 1;
  $("#pane .summarise").hidden = !article;
  const mark = $("#pane :is(mark, .text ins, .text del)");
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

function forget() {  // another conversation's articles are no places of this one
  shut();
  places = [];
  at = -1;
}
