// Small parts that page.js uses, joined with it into one script.

const $ = (selector, within = document) => within.querySelector(selector);
const make = (tag, props = {}, ...children) => {
  const node = Object.assign(document.createElement(tag), props);
  node.append(...children);
  return node;
};

// ---- Python's functions; the framework's `server` gives undefined where the call itself failed ----

const python = new Proxy({}, { get: (_, name) => async (said) => {
  const answer = await server[name](said);
  if (answer === undefined) throw new Error(`${String(name)} has no answer`);
  return answer;
} });

// ---- a dialog: fields in, their texts out, null when it was left; without `no` it only tells ----

function dialog(title, fields, yes = "Save", no = "Cancel") {
  return new Promise((resolve) => {
    const inputs = fields.map(([label, value, type]) =>
      [label, type ? make("input", { type, value }) : make("textarea", { value, rows: value.length > 60 ? 4 : 2 })]);
    const box = make("dialog", { className: "ask", ariaLabel: title }, make("h2", { textContent: title }),
      ...inputs.map(([label, input]) => make("label", {}, label, input)),
      make("div", { className: "row" },
        ...(no ? [make("button", { type: "button", textContent: no, onclick: () => box.close() })] : []),
        make("button", { type: "button", className: "primary", textContent: yes,
          onclick: () => { box.returnValue = "yes"; box.close("yes"); } })));
    box.addEventListener("close", () => {
      resolve(box.returnValue === "yes" ? inputs.map(([, input]) => input.value) : null);
      box.remove();
      refocus();
    });
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey || fields.length === 1 || event.target.tagName === "INPUT")) {
        event.preventDefault();
        box.close("yes");
      }
    });
    document.body.append(box);
    box.showModal();
  });
}

function tell(text) {  // read out, not shown
  if (text) $("#told").textContent = text;
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

// ---- hovering or focusing a citation shows its words ----

let hover = null;
function point(event) {
  const button = event.target?.closest?.(".cite, .mark");
  hover?.remove();
  hover = null;
  if (!button || /out$/.test(event.type)) return;
  const { quote, by, aged, note = button.closest(".claim")?.querySelector(".mark")?.dataset.note } = button.dataset;
  hover = make("div", { id: "hover", role: "tooltip" });
  if (quote) hover.append(make("p", { textContent: `“${quote}”` }), make("small", { textContent: by }));
  if (aged) hover.append(make("small", { className: "aged", textContent: aged }));
  if (note) hover.append(make("small", { className: "verdict", textContent: note }));
  document.body.append(hover);
  const box = button.getBoundingClientRect();
  hover.style.left = `${Math.max(8, Math.min(box.left - 20, innerWidth - hover.offsetWidth - 12))}px`;
  const above = box.top - hover.offsetHeight - 8;
  hover.style.top = `${above > 60 ? above : box.bottom + 8}px`;
}
for (const kind of ["mouseover", "mouseout", "focusin", "focusout"]) document.addEventListener(kind, point);
addEventListener("scroll", () => point({ type: "out" }), { passive: true });
