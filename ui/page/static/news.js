// What is new since the reader last looked. Joined with page.js into one script.

// From which state of the library on things are new is kept in this browser: a mark that Python
// gives and reads. Looking at the list, or the cross, makes that state the one that was told of.
const news = {
  state: "",
  mark: () => localStorage.getItem("dateline-looked") || "",
  async look() {
    let found = null;
    try {
      found = await python.news({ mark: news.mark() });
    } catch {
      return;  // nobody waits for it, and what is asked next says so
    }
    localStorage.setItem("dateline-looked", found.mark);
    $("#news").innerHTML = found.html;
    if (news.state && news.state !== found.state && !live()) show();  // answers may rest on what was
    news.state = found.state;
  },
  seen() {
    localStorage.setItem("dateline-looked", news.state);
    $("#news").replaceChildren();
  },
  async list(button) {
    await enter(python.listed({ mark: news.mark() }), "", button);
    news.seen();
  },
};
const EVERY = 60000;
setInterval(() => { if (!document.hidden) news.look(); }, EVERY);
document.addEventListener("visibilitychange", () => { if (!document.hidden) news.look(); });
