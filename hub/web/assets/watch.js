// Looks again at what goes on and takes over what has changed, so that nobody loses what they are typing.
"use strict";

const EVERY = 2000, AGAIN = 10000;
const watched = document.getElementById("watched");
const acts = document.getElementById("acts");
const heard = document.getElementById("heard");

function take(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const fresh = page.getElementById("watched"), next = page.getElementById("acts");
  if (!fresh || !next) return;
  const state = fresh.dataset.state;
  if (state !== watched.dataset.state) heard.textContent = fresh.querySelector("h1").innerText;
  if (!watched.isEqualNode(fresh) && !watched.contains(document.activeElement)) {
    watched.replaceChildren(...fresh.childNodes);
    Object.assign(watched.dataset, fresh.dataset);
  }
  if (acts.dataset.state !== state) swap(next, state);
}

// Other buttons belong to another state; a reason that was typed goes on standing beside them.
function swap(next, state) {
  const typed = acts.querySelector("[name=reason]"), focused = acts.contains(document.activeElement);
  acts.replaceChildren(...next.childNodes);
  acts.dataset.state = state;
  const field = acts.querySelector("[name=reason]");
  if (field && typed?.value && typed.value !== typed.defaultValue) field.value = typed.value;
  if (focused) (field ?? document.getElementById("main")).focus();
}

async function look() {
  let pause = AGAIN;
  try {
    const answer = await fetch(location.href, { redirect: "manual" });
    // Nobody is signed in any more: what stands here stays until it is sent.
    if (answer.type === "opaqueredirect") return;
    if (answer.ok) {
      take(await answer.text());
      pause = EVERY;
    }
  } catch {
    // The hub is away for a moment.
  }
  if (watched.dataset.runs === "yes") setTimeout(look, pause);
}

setTimeout(look, EVERY);
