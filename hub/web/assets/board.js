// Keeps the board as the server draws it: takes parts of HTML from one stream and changes only
// what differs, so that focus, open details and the place in the page stay.
"use strict";

const live = document.getElementById("live");
const word = document.getElementById("live-word");
const clock = document.getElementById("live-at");
const pause = document.getElementById("pause");
const said = document.getElementById("said");
const WORDS = { live: "Live", paused: "Paused", lost: "Connection lost, trying again", starting: "Connecting" };
const SILENCE = 25000, AGAIN = 5000;

let stream = null, paused = false, state = "", silent = 0, again = 0;
let told = document.querySelector("[data-said]")?.dataset.said ?? "";
const kept = new Map();

function show(next) {
  if (next === state) return;
  // Only a change that somebody has to know of is read out.
  if (next === "lost" || (state === "lost" && next === "live")) said.textContent = WORDS[next];
  state = next;
  live.dataset.state = next;
  word.textContent = WORDS[next];
}

function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE || old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
    return;
  }
  for (const { name } of [...old.attributes])
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of [...fresh.attributes])
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  children(old, fresh);
}

function children(old, fresh) {
  const known = new Map([...old.children].filter((one) => one.id).map((one) => [one.id, one]));
  const added = [];
  let here = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    let same = next.id ? known.get(next.id) : null;
    if (!next.id && here && !here.id && here.nodeName === next.nodeName) same = here;
    if (!same) {
      old.insertBefore(next, here);
      if (next.id && known.size) added.push(next);
    } else {
      // What left the list in between goes at once, so that nobody who stays is moved.
      while (here !== same && here && here.id && !fresh.querySelector("#" + CSS.escape(here.id)))
        here = gone(here);
      if (here === same) here = here.nextSibling;
      else old.insertBefore(same, here);
      morph(same, next);
    }
  }
  while (here) here = gone(here);
  // Where nearly all of it is new, nothing stands out by being so.
  if (added.length <= 3) for (const one of added) one.classList.add("new");
}

function gone(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function isHeld(part) {
  if (!("still" in part.dataset)) return false;
  return part.contains(document.activeElement) || part.matches("[data-pointed]");
}

function draw(name, html) {
  const part = document.getElementById("part-" + name);
  if (!part) return;
  const held = isHeld(part);
  const note = part.querySelector(".hold");
  if (held) {
    kept.set(name, html);
    if (note) note.hidden = false;
    return;
  }
  kept.delete(name);
  const fresh = new DOMParser().parseFromString("<body>" + html, "text/html").body;
  children(part, fresh);
  if (name !== "verdict") return;
  const now = part.querySelector("[data-said]")?.dataset.said ?? "";
  if (now !== told) said.textContent = told = now;
}

function release() {
  for (const [name, html] of [...kept]) draw(name, html);
}

function listen() {
  clearTimeout(again);
  stream?.close();
  if (state === "") show("starting");
  stream = new EventSource(live.dataset.stream);
  stream.onmessage = (event) => {
    const news = JSON.parse(event.data);
    for (const [name, html] of Object.entries(news.parts)) draw(name, html);
    clock.textContent = news.at;
    show("live");
    watch();
  };
  stream.onerror = () => {
    if (paused) return;
    show("lost");
    if (stream.readyState === EventSource.CLOSED) later();
  };
  watch();
}

// A line that is cut without a word says nothing for ever.
function watch() {
  clearTimeout(silent);
  silent = setTimeout(() => { show("lost"); listen(); }, SILENCE);
}

// The server answered, but with no stream: it starts, too many watch, or nobody is signed in.
function later() {
  clearTimeout(silent);
  clearTimeout(again);
  again = setTimeout(async () => {
    try {
      const answer = await fetch(location.href, { method: "GET", redirect: "manual" });
      if (answer.type === "opaqueredirect") location.reload();
      else listen();
    } catch {
      later();
    }
  }, AGAIN);
}

function stop() {
  stream?.close();
  clearTimeout(silent);
  clearTimeout(again);
}

pause.addEventListener("click", () => {
  paused = !paused;
  pause.textContent = paused ? "Go on" : "Pause";
  if (paused) {
    stop();
    show("paused");
  } else {
    show("starting");
    listen();
  }
});

for (const part of document.querySelectorAll("[data-still]")) {
  part.addEventListener("pointerenter", (event) => {
    if (event.pointerType === "mouse") part.dataset.pointed = "";
  });
  part.addEventListener("pointerleave", () => { delete part.dataset.pointed; release(); });
  part.addEventListener("focusout", () => setTimeout(release));
}

addEventListener("pagehide", stop);
addEventListener("pageshow", (event) => { if (event.persisted && !paused) listen(); });
// Without scripts the page looks again by itself, or stands still by this link.
document.getElementById("still").remove();
pause.hidden = false;
listen();
