/* Reads {name: html} of the pages of one language from standard input and writes {name: [what is said]}. */
import { JSDOM } from "jsdom";

const pages = JSON.parse(await new Promise((done) => {
  let text = "";
  process.stdin.on("data", (part) => (text += part)).on("end", () => done(text));
}));
const { window } = new JSDOM("<!DOCTYPE html><html><body></body></html>", { url: "http://localhost/" });
for (const name of Object.getOwnPropertyNames(window)) {
  if (!(name in globalThis) && !/storage|^_/i.test(name)) {
    globalThis[name] = window[name];
  }
}
globalThis.CSS = { escape: (text) => text.replace(/[^\w-]/g, "\\$&") }; // jsdom has none
globalThis.window = window;
globalThis.document = window.document;
const { virtual } = await import("@guidepup/virtual-screen-reader");

const said = {};
for (const [name, html] of Object.entries(pages)) {
  document.body.innerHTML = html;
  await virtual.start({ container: document.body });
  for (let step = 0; step < 400 && (await virtual.lastSpokenPhrase()) !== "end of document"; step += 1) {
    await virtual.next();
  }
  said[name] = (await virtual.spokenPhraseLog()).filter((phrase) => !/^(end of )?document$/.test(phrase));
  await virtual.stop();
}
process.stdout.write(JSON.stringify(said));
