// Chooses a password with the token behind the `#` of the address, and takes it out of the address first.
"use strict";

const said = document.getElementById("said");
const token = decodeURIComponent(location.hash.slice(1));
history.replaceState(null, "", "/choose-password");
if (!token) said.textContent = "There is no token in this address. Open the one in the mail again.";

async function choose(event) {
  event.preventDefault();
  const body = JSON.stringify({ token, password: document.getElementById("password").value });
  const headers = { "Content-Type": "application/json" };
  const answer = await fetch("/v1/auth/reset", { method: "POST", headers, body });
  if (answer.ok) location.replace("/sign-in");
  else said.textContent = (await answer.json()).detail;
}

document.getElementById("choose").addEventListener("submit", (event) => {
  choose(event).catch(() => { said.textContent = "The hub does not answer. Is it running?"; });
});
