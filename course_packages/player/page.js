/* What all parts of the player share. The parts are joined into one script when a package is built
 * (course_packages/player_files.py says in which order); they share their names and nothing with other scripts. */
const course = JSON.parse(document.getElementById("course-data").textContent);
const RESULT = ""; // the page after the last lesson
const GLOSSARY = "_glossary";
const TEMPLATES = "template, .unseen, .definitions"; // what a lesson holds beside its text

const byId = (id) => document.getElementById(id);
const all = (element, selector) => Array.from(element.querySelectorAll(selector));
const one = (element, selector) => element.querySelector(selector);
const on = (element, name, listen) => element.addEventListener(name, listen);
const set = (element, name, value) => element.setAttribute(name, value);
const page = byId("page");
const root = document.documentElement;

function drop(element, selector) {
  all(element, selector).forEach((each) => each.remove());
}

/* An element with attributes and children; a text becomes text, never markup. */
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const name of Object.keys(attributes)) {
    if (attributes[name] !== null) {
      set(element, name, attributes[name]);
    }
  }
  return add(element, children);
}

function add(element, children) {
  element.append(...children.filter((child) => child !== null));
  return element;
}

function fill(element, ...children) {
  element.textContent = "";
  return add(element, children);
}

function clickable(attributes, click, ...children) {
  const element = make("button", Object.assign({ type: "button" }, attributes), ...children);
  on(element, "click", click);
  return element;
}

const button = (label, kind, click) => clickable({ class: kind }, click, label);

/* HTML of a lesson, which was sanitised when the package was built, as a piece of the page. */
function pieceOf(html) {
  const content = make("template", {});
  content.innerHTML = html;
  return content.content;
}

/* What the player says in the language of the learner, with {names} replaced. */
let words = {};
const say = (key, values) =>
  words[key].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));

/* Without marks above and below letters, in small letters: so that "prote" finds "Protë". */
const folded = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

/* Whole numbers as sets of positions. */
const bits = (positions) => positions.reduce((sum, at) => sum + Math.pow(2, at), 0);
const hasBit = (number, at) => Math.floor(number / Math.pow(2, at)) % 2 === 1;

/* What a block is set up with: blocks[kind](element, kept), by the kind of what is kept of it. */
const blocks = {};
