// Keys, a filter and drafts. Every page works without this file, as forms and links.
"use strict";

const page = document.documentElement;
page.classList.add("js");

const form = document.querySelector("#decide");
const sheets = [...document.querySelectorAll(".bar details")];
const help = document.querySelector("#help");
const told = document.querySelector("#told");

function openSheet(sheet) {
  for (const other of sheets) other.open = other === sheet;
  const first = sheet?.querySelector("[data-first]");
  // On a phone the keyboard would cover the list that a search only shortens.
  if (!first || (first.type === "search" && matchMedia("(pointer: coarse)").matches)) return;
  first.focus();
  if (first.matches("input[type=text]")) first.select();
}

function press(element) {
  if (element.matches("summary")) openSheet(element.parentElement.open ? null : element.parentElement);
  else if (element.matches("input")) element.focus();
  else element.click();
}

for (const sheet of sheets) {
  sheet.querySelector("summary").addEventListener("click", (event) => {
    event.preventDefault();
    press(event.currentTarget);
  });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const sheet = sheets.find((one) => one.open);
  if (event.key === "Escape" && sheet) {
    openSheet(null);
    sheet.querySelector("summary").focus();
    return;
  }
  // A key held down decides once, and not on the next items too.
  if (event.repeat || help?.open) return;
  if (event.target.matches("input, textarea, select")) return;
  const key = CSS.escape(event.key.toLowerCase());
  const found = sheet?.querySelector(`[data-digit="${key}"]`)
    ?? document.querySelector(`[data-key="${key}"]`)
    ?? (sheet ? null : document.querySelector(`[data-digit-page="${key}"]`));
  if (!found) return;
  event.preventDefault();
  press(found);
});

for (const filter of document.querySelectorAll("[data-filters]")) {
  const choices = [...document.querySelectorAll(`#${filter.dataset.filters} button`)];
  const seen = () => choices.filter((one) => !one.hidden);
  filter.addEventListener("input", () => {
    const words = filter.value.toLowerCase().split(/\s+/);
    for (const one of choices) {
      one.hidden = !words.every((word) => one.textContent.toLowerCase().includes(word));
    }
  });
  filter.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      if (filter.value.trim()) seen()[0]?.click();
    } else if (event.key === "ArrowDown") {
      event.preventDefault();
      seen()[0]?.focus();
    }
  });
  document.querySelector(`#${filter.dataset.filters}`).addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const shown = seen();
    (shown[shown.indexOf(document.activeElement) + step] ?? filter).focus();
  });
}

// The answer's own Enter records the answer; no other field decides anything by Enter.
document.querySelector("#answer")?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  document.querySelector("#fix").click();
});

document.querySelector("#open-help")?.addEventListener("click", () => help.showModal());

if (form) {
  // What was typed survives a reload and a server that is gone; it ends with the decision.
  const name = `draft ${form.dataset.item}`;
  const fields = [...form.querySelectorAll("[data-draft]")];
  const draft = JSON.parse(sessionStorage.getItem(name) ?? "{}");
  for (const field of fields) {
    if (field.id in draft && !form.dataset.answered) field.value = draft[field.id];
    field.addEventListener("input", () => {
      draft[field.id] = field.value;
      sessionStorage.setItem(name, JSON.stringify(draft));
    });
  }
  const recorded = told?.dataset.recorded;
  if (recorded && recorded !== form.dataset.item) sessionStorage.removeItem(`draft ${recorded}`);

  let sure = false;
  form.addEventListener("submit", async (event) => {
    if (sure) return;
    event.preventDefault();
    if (form.dataset.asking) return;
    form.dataset.asking = "yes";
    const answer = await fetch("/static/icon.svg", { method: "HEAD" }).catch(() => null);
    delete form.dataset.asking;
    if (answer) {
      sure = true;
      form.requestSubmit(event.submitter);
      return;
    }
    told.textContent = "The server does not answer, so nothing was recorded. What you typed is kept: start the server again, then press once more.";
    told.className = "notice bad";
  });
  // A page that comes back out of the browser's memory may be used again.
  addEventListener("pageshow", () => { sure = false; });
}
