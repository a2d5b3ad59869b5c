"use strict";
(() => {
  const all = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined && text !== null) node.textContent = String(text);
    return node;
  };
  const PAGE = 150;
  let matching = [], drawn = 0, current = null;

  const options = (select, values, first) => {
    const before = select.value;
    select.replaceChildren();
    for (const [value, label] of [["", first], ...values.map((v) => [v, v])]) {
      const option = make("option", "", label);
      option.value = value;
      select.append(option);
    }
    select.value = values.includes(before) ? before : "";
  };
  const unique = (rows, key) => [...new Set(rows.map((r) => r[key]).filter(Boolean))].sort();

  function refresh() {
    const suite = $("f-suite").value;
    const inSuite = all.filter((r) => !suite || r.suite === suite);
    options($("f-group"), unique(inSuite, "group"), "all");
    const kinds = unique(inSuite, "wrong");
    const before = $("f-wrong").value;
    options($("f-wrong"), kinds, "all");
    for (const [value, label] of [["-", "anything wrong"], ["+", "nothing wrong"]]) {
      const option = make("option", "", label);
      option.value = value;
      $("f-wrong").append(option);
    }
    if (before === "-" || before === "+") $("f-wrong").value = before;
    filter();
  }

  function filter() {
    const suite = $("f-suite").value, group = $("f-group").value, wrong = $("f-wrong").value;
    const words = $("f-text").value.toLowerCase().trim();
    matching = all.filter((r) =>
      (!suite || r.suite === suite) && (!group || r.group === group) &&
      (!wrong || (wrong === "+" ? !r.wrong : wrong === "-" ? r.wrong : r.wrong === wrong)) &&
      (!words || r.question.toLowerCase().includes(words) || r.id.toLowerCase().includes(words) ||
        (r.answer && r.answer.text.toLowerCase().includes(words))));
    $("count").textContent = matching.length + " of " + all.length;
    $("list").replaceChildren();
    drawn = 0;
    more();
    if (matching.length) show(matching[0]); else $("detail").replaceChildren(make("p", "", "No question matches."));
  }

  function more() {
    const list = $("list");
    const last = list.querySelector(".more");
    if (last) last.parentNode.remove();
    for (const r of matching.slice(drawn, drawn + PAGE)) {
      const item = make("li"), button = make("button", "", r.question);
      button.type = "button";
      button.append(make("br"), outcome(r), make("span", "tag", r.suite + " · " + r.group));
      button.addEventListener("click", () => show(r));
      button.row = r;
      item.append(button);
      list.append(item);
    }
    drawn = Math.min(matching.length, drawn + PAGE);
    if (drawn < matching.length) {
      const item = make("li"), button = make("button", "more", (matching.length - drawn) + " more");
      button.type = "button";
      button.addEventListener("click", more);
      item.append(button);
      list.append(item);
    }
  }

  function outcome(r) {
    if (r.wrong) return make("span", "tag no", r.wrong);
    if (r.answer && r.answer.abstained) return make("span", "tag meh", "abstained");
    return make("span", "tag ok", "nothing wrong");
  }

  function section(detail, title, node) {
    detail.append(make("h4", "", title), node);
  }

  function show(r) {
    current = r;
    for (const button of $("list").querySelectorAll("button"))
      button.setAttribute("aria-current", String(button.row === r));
    const detail = $("detail");
    detail.replaceChildren(make("h3", "", r.question), outcome(r),
      make("span", "tag", r.suite), make("span", "tag", r.group), make("span", "tag", r.id));
    if (r.error) section(detail, "Could not be asked", make("pre", "", r.error));
    const a = r.answer;
    if (a) {
      section(detail, a.abstained ? "Abstained" : "Answer", make("div", "answer", a.text || "(nothing)"));
      if (a.claims.length) {
        const box = make("div");
        for (const c of a.claims) box.append(claim(c, a));
        section(detail, "Claims", box);
      }
      for (const c of a.conflicts) {
        const box = make("div", "claim partly");
        box.append(make("div", "words", c.about));
        for (const s of c.sides) box.append(quote(s, a, s.value));
        section(detail, "Conflict", box);
      }
    }
    const known = gold(r.gold);
    if (known.textContent) section(detail, "Gold", known);
    if (a && a.raw_text && a.raw_text !== a.text) fold(detail, "What the model wrote", make("pre", "", a.raw_text));
    if (a && a.hits.length) {
      const box = make("div");
      const quotes = a.claims.flatMap((c) => c.citations);
      for (const h of a.hits) {
        box.append(make("h4", "", h.title + " · " + (h.source || "") + " · cosine " + h.dense));
        box.append(passage(h, quotes.filter((q) => q.passage_id === h.passage_id)));
      }
      fold(detail, "Passages before the model (" + a.hits.length + ")", box);
    }
    if (r.ranked) {
      const list = make("ol");
      for (const one of r.ranked) {
        const item = make("li", "", one.title + (one.grade ? " · relevant" : "") + (one.rank ? "" : " · not found"));
        if (one.rank) item.value = one.rank;
        if (one.grade) item.className = "relevant";
        list.append(item);
      }
      section(detail, "Found, best first", list);
    }
    if (r.passage) fold(detail, "Checked against", make("div", "passage", r.passage));
    fold(detail, "Scores", make("pre", "", table(r.scores)));
    if (a) fold(detail, "Signals and timings", make("pre", "", table(a.signals) + "\n" + table(a.timings)));
  }

  const table = (object) => Object.entries(object)
    .map(([k, v]) => k.padEnd(24) + (typeof v === "number" ? Math.round(v * 1e4) / 1e4 : v)).join("\n");

  function gold(g) {
    const box = make("pre");
    box.textContent = Object.entries(g).filter(([, v]) => v !== null && !(Array.isArray(v) && !v.length))
      .map(([k, v]) => k + ": " + (typeof v === "string" ? v : JSON.stringify(v, null, Array.isArray(v) && v.length > 1 ? 1 : 0))).join("\n");
    return box;
  }

  function fold(detail, title, node) {
    const box = make("details");
    box.append(make("summary", "", title), node);
    detail.append(box);
  }

  function claim(c, a) {
    const box = make("div", "claim " + c.verdict.split(" ")[0] + (c.shown ? "" : " hidden"));
    box.append(make("div", "words", c.text));
    const kind = { stated: "ok", "check this": "meh", withheld: "no" }[c.verdict];
    box.append(make("span", "tag " + kind, c.verdict + " " + c.score.toFixed(2)));
    if (!c.shown) box.append(make("span", "tag", "not shown"));
    if (!c.citations.length) box.append(make("span", "tag no", "no citation"));
    for (const q of c.citations) box.append(quote(q, a));
    return box;
  }

  function quote(q, a, value) {
    const source = a.sources.find((s) => s.n === q.n && s.article_id === q.article_id);
    const box = make("blockquote", "", "“" + q.quote + "”");
    box.append(make("cite", "", (value ? value + " · " : "") + (source ? "[" + q.n + "] " + source.title : q.article_id) +
      " · characters " + q.start + "–" + q.end));
    return box;
  }

  function passage(h, quotes) {
    const box = make("div", "passage");
    const spans = quotes.map((q) => [q.start - h.start, q.end - h.start]).filter(([s, e]) => s >= 0 && e <= h.text.length && s < e)
      .sort((x, y) => x[0] - y[0]);
    let at = 0;
    for (const [s, e] of spans) {
      if (s < at) continue;
      box.append(h.text.slice(at, s), make("mark", "", h.text.slice(s, e)));
      at = e;
    }
    box.append(h.text.slice(at));
    return box;
  }

  options($("f-suite"), [...new Set(all.map((r) => r.suite))], "all");
  $("f-suite").addEventListener("change", refresh);
  $("f-group").addEventListener("change", filter);
  $("f-wrong").addEventListener("change", filter);
  $("f-text").addEventListener("input", filter);
  for (const button of document.querySelectorAll(".wrong button"))
    button.addEventListener("click", () => {
      $("f-suite").value = button.dataset.suite;
      refresh();
      $("f-wrong").value = button.dataset.wrong;
      $("f-text").value = "";
      filter();
      $("browser").scrollIntoView();
    });
  $("list").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !current) return;
    event.preventDefault();
    const next = matching[matching.indexOf(current) + step];
    if (!next) return;
    show(next);
    const button = [...$("list").querySelectorAll("button")].find((b) => b.row === next);
    if (button) button.focus();
  });
  refresh();
})();
