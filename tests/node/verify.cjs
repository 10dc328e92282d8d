// Reads [{secret, headers, body (base64)}] and says which of them the npm package takes.
const { readFileSync } = require("node:fs");
const { Webhook } = require("standardwebhooks");

const found = JSON.parse(readFileSync(0)).map(({ secret, headers, body }) => {
  try {
    new Webhook(secret).verify(Buffer.from(body, "base64"), headers);
    return true;
  } catch {
    return false;
  }
});
console.log(JSON.stringify(found));
