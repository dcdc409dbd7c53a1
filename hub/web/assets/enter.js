// Signs in with the key behind the `#` of the address, and takes it out of the address first.
"use strict";

const said = document.getElementById("said");

async function enter() {
  const key = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", "/enter");
  if (!key) {
    said.textContent = "There is no key in this address.";
    return;
  }
  const answer = await fetch("/sign-in", { method: "POST", body: new URLSearchParams({ key }) });
  if (answer.ok) location.replace("/");
  else if (answer.status === 401) said.textContent = "This key is none of ours, or was revoked.";
  else said.textContent = "The hub cannot look at keys just now. Reload this page in a moment.";
}

enter().catch(() => { said.textContent = "The hub does not answer. Is it running?"; });
