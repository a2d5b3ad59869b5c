// Files that are dropped anywhere on the page, joined with page.js into one script.

async function filesInput() {  // the library's own, which takes care of sending them
  selectTab("Library");
  for (let tries = 0; tries < 100; tries++) {
    const input = $("#drop input[type=file]");
    if (input) return input;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the library takes no files");
}

const files = (event) => [...event.dataTransfer?.types || []].includes("Files");
const dropping = (on) => document.body.classList.toggle("dropping", on);
addEventListener("dragover", (event) => {
  if (!files(event)) return;
  event.preventDefault();
  dropping(true);
});
addEventListener("dragleave", (event) => { if (!event.relatedTarget) dropping(false); });
addEventListener("drop", async (event) => {
  dropping(false);
  if (!files(event) || event.target.closest?.("#drop")) return;  // that one takes its own
  event.preventDefault();
  const given = new DataTransfer();
  for (const file of event.dataTransfer.files) given.items.add(file);
  const input = await filesInput();
  input.files = given.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
});
