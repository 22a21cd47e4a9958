// Text with entities as DOM. Offsets count UTF-16 code units, as JavaScript strings do.

import { el } from "./dom.js";

const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
};

/** A fragment of text and elements; `onCommand` is called with a tapped "/command". */
export function richText(text, entities = [], onCommand = () => {}) {
  return build(text, entities, 0, text.length, onCommand);
}

function build(text, entities, from, to, onCommand) {
  const fragment = document.createDocumentFragment();
  let rest = entities;
  let position = from;
  while (rest.length > 0) {
    const [entity, ...others] = rest;
    const start = Math.max(entity.offset, position);
    const end = Math.min(entity.offset + entity.length, to);
    if (end <= start) {
      rest = others;
      continue;
    }
    const inside = others.filter((other) => other.offset < end);
    fragment.append(trimmed(text.slice(position, start), fragment.lastChild, isBlock(entity)));
    const content = build(text, inside, start, end, onCommand);
    fragment.append(wrap(entity, text.slice(start, end), content, onCommand));
    // What reaches beyond this entity goes on after it.
    rest = others.filter((other) => other.offset + other.length > end);
    position = end;
  }
  fragment.append(trimmed(text.slice(position, to), fragment.lastChild, false));
  return fragment;
}

const isBlock = (entity) => ["pre", "blockquote", "expandable_blockquote"].includes(entity.type);

/** Blocks break the line by themselves: the line break beside them would leave an empty line. */
function trimmed(text, before, beforeBlock) {
  const afterBlock = before instanceof HTMLElement && ["PRE", "BLOCKQUOTE"].includes(before.tagName);
  const start = afterBlock ? text.replace(/^\n/, "") : text;
  return beforeBlock ? start.replace(/\n$/, "") : start;
}

function wrap(entity, text, content, onCommand) {
  switch (entity.type) {
    case "url":
      return link(/^[a-z][a-z0-9+.-]*:/i.test(text) ? text : `http://${text}`, content);
    case "text_link":
      return link(entity.url, content);
    case "email":
      return link(`mailto:${text}`, content);
    case "phone_number":
      return link(`tel:${text.replace(/[^\d+]/g, "")}`, content);
    case "pre":
      return el("pre", entity.language ? { attrs: { "data-language": entity.language } } : {}, el("code", {}, content));
    case "blockquote":
      return el("blockquote", {}, content);
    case "expandable_blockquote":
      return expandable(content);
    case "spoiler":
      return spoiler(content);
    case "bot_command": {
      const button = el("button", { type: "button", className: "in-text" }, content);
      button.addEventListener("click", () => onCommand(text));
      return button;
    }
    case "mention":
    case "hashtag":
    case "cashtag":
    case "text_mention":
      return el("span", { className: "tag" }, content);
    default:
      return el(TAGS[entity.type] ?? "span", {}, content);
  }
}

export function safeHref(href) {
  return /^(https?|tg|tel|mailto):/i.test(href) ? href : null;
}

function link(href, content) {
  const safe = safeHref(href);
  if (safe === null) return el("span", {}, content);
  const attrs = /^https?:/i.test(safe) ? { target: "_blank", rel: "noopener noreferrer" } : {};
  return el("a", { href: safe, attrs }, content);
}

function spoiler(content) {
  const cover = el("button", { type: "button", className: "spoiler", attrs: { "aria-label": "显示隐藏的文字" } }, content);
  cover.addEventListener("click", () => {
    cover.classList.add("shown");
    cover.removeAttribute("aria-label");
  });
  return cover;
}

function expandable(content) {
  const quote = el("blockquote", { className: "folded" }, content);
  quote.addEventListener("click", () => quote.classList.toggle("folded"));
  return quote;
}
