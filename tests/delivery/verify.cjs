// What a receiver in JavaScript does: `v1` by the official library, `v1a` (which it does not know) by node:crypto.
// Reads messages as JSON on stdin, one a line; answers each with a line: what was said, or why it is refused.
"use strict";
const { createPublicKey, verify } = require("node:crypto");
const { createInterface } = require("node:readline");
const { Webhook } = require("standardwebhooks");

function bySecret({ payload, headers, secret }) {
  return new Webhook(secret).verify(payload, headers).type;
}

function byPublicKey({ payload, headers, public: key }) {
  const raw = Buffer.from(key.slice("whpk_".length), "base64");
  const jwk = { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") };
  const publicKey = createPublicKey({ key: jwk, format: "jwk" });
  const said = Buffer.from(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${payload}`);
  for (const one of headers["webhook-signature"].split(" ")) {
    const [version, signature] = one.split(",");
    if (version === "v1a" && verify(null, said, publicKey, Buffer.from(signature, "base64"))) {
      return JSON.parse(payload).type;
    }
  }
  throw new Error("No matching signature found");
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  try {
    console.log("secret" in message ? bySecret(message) : byPublicKey(message));
  } catch (error) {
    console.log(`refused: ${error.message}`);
  }
});
