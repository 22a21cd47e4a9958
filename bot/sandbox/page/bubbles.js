// One message as a bubble.

import { avatar, clock, el, fileSize, icon } from "./dom.js";
import { richText, safeHref } from "./entities.js";

const KINDS = ["photo", "sticker", "voice", "document", "video", "audio"];
const KIND_NAMES = {
  photo: "照片",
  sticker: "贴纸",
  voice: "语音消息",
  document: "文件",
  video: "视频",
  audio: "音频",
};
const WAVE = [5, 9, 14, 10, 6, 12, 18, 13, 8, 5, 11, 16, 20, 14, 9, 6, 10, 15, 11, 7, 5, 8, 12, 7];

export const kindOf = (message) => KINDS.find((kind) => message[kind]) ?? "text";
export const textOf = (message) => message.text ?? message.caption ?? "";

/** One line for lists and quotes. */
export function preview(message) {
  const kind = kindOf(message);
  if (kind === "text") return textOf(message).replace(/\s+/g, " ");
  const name = kind === "sticker" ? `${message.sticker.emoji} 贴纸` : KIND_NAMES[kind];
  return textOf(message) ? `${name} · ${textOf(message)}` : name;
}

/**
 * The element of a message.
 * context: { mine, isGroup, joined (same sender as the bubble before), loading (Set of pressed
 * data), on: { press, command, menu, jump } }
 */
export function bubble(message, context) {
  const kind = kindOf(message);
  const classes = ["row", context.mine ? "out" : "in", `kind-${kind}`];
  if (context.joined) classes.push("joined");
  const row = el("article", {
    className: classes.join(" "),
    attrs: { "data-id": message.message_id, "aria-label": label(message, context) },
  });
  if (context.isGroup && !context.mine) {
    row.append(avatar({ name: message.from.first_name, id: message.from.id, isBot: message.from.is_bot }, "small"));
  }
  const column = el("div", { className: "column" });
  column.append(body(message, kind, context));
  const keyboard = buttons(message, context);
  if (keyboard) column.append(keyboard);
  row.append(column, moreButton(message, context));
  row.addEventListener("contextmenu", (event) => {
    if (event.target.closest("a")) return;
    event.preventDefault();
    context.on.menu(message, event.clientX, event.clientY);
  });
  return row;
}

function label(message, context) {
  return `${context.mine ? "我" : message.from.first_name}，${clock(message.date)}`;
}

function body(message, kind, context) {
  const box = el("div", { className: "bubble" });
  if (context.isGroup && !context.mine && !context.joined) {
    box.append(el("div", { className: message.from.is_bot ? "sender" : `sender tone-${Math.abs(message.from.id) % 6}` }, message.from.first_name));
  }
  if (message.reply_to_message) box.append(quote(message.reply_to_message, context));
  if (kind !== "text") box.append(attachment(message, kind));
  const text = textOf(message);
  const meta = metaLine(message, context);
  if (text) {
    const entities = message.entities ?? message.caption_entities;
    box.append(el("div", { className: "text", attrs: { dir: "auto" } }, richText(text, entities, context.on.command), meta));
  } else {
    box.append(meta);
  }
  if (message.reaction) box.append(el("div", { className: "reaction", title: "机器人的回应" }, `${message.reaction}\uFE0F`));
  return box;
}

function metaLine(message, context) {
  const parts = [];
  if (message.edit_date) parts.push("已编辑 ");
  parts.push(clock(message.date));
  const line = el("span", { className: "meta" }, ...parts);
  if (context.mine) line.append(icon("check"));
  return line;
}

function quote(target, context) {
  const box = el(
    "button",
    { type: "button", className: "quote" },
    el("strong", {}, target.from.first_name),
    el("span", {}, preview(target)),
  );
  box.addEventListener("click", () => context.on.jump(target.message_id));
  return box;
}

function attachment(message, kind) {
  const source = (file) => `/sandbox/files/${encodeURIComponent(file.file_id)}`;
  switch (kind) {
    case "photo":
      return el("img", { className: "photo", src: source(message.photo.at(-1)), alt: "照片", loading: "lazy" });
    case "sticker":
      return el("div", { className: "sticker", attrs: { role: "img", "aria-label": "贴纸" } }, message.sticker.emoji);
    case "voice":
      return voice(message.voice);
    default: {
      const file = message[kind];
      return el(
        "a",
        { className: "file", href: source(file), download: file.file_name ?? kind },
        el("span", { className: "file-icon" }, icon("file")),
        el(
          "span",
          { className: "file-text" },
          el("strong", {}, file.file_name ?? KIND_NAMES[kind]),
          el("small", {}, `${fileSize(file.file_size ?? 0)} · 下载`),
        ),
      );
    }
  }
}

function voice(file) {
  const wave = el("span", { className: "wave", attrs: { "aria-hidden": "true" } });
  for (const height of WAVE) {
    const bar = el("i");
    bar.style.height = `${height}px`;
    wave.append(bar);
  }
  const seconds = String(file.duration % 60).padStart(2, "0");
  return el(
    "div",
    { className: "voice", attrs: { role: "img", "aria-label": `语音消息，${file.duration} 秒` } },
    el("span", { className: "voice-play" }, icon("play")),
    el("span", { className: "voice-body" }, wave, el("small", {}, `${Math.floor(file.duration / 60)}:${seconds}`)),
  );
}

function buttons(message, context) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows) return null;
  const board = el("div", { className: "keyboard" });
  for (const row of rows) {
    const line = el("div", { className: "keyboard-row" });
    for (const button of row) line.append(keyboardButton(button, message, context));
    board.append(line);
  }
  return board;
}

function keyboardButton(button, message, context) {
  if (button.url) {
    const href = safeHref(/^[a-z][a-z0-9+.-]*:/i.test(button.url) ? button.url : `http://${button.url}`);
    const attrs = { target: "_blank", rel: "noopener noreferrer" };
    return el("a", { className: "key", href: href ?? "#", attrs }, button.text, icon("link"));
  }
  const key = el("button", { type: "button", className: "key" }, button.text);
  if (button.copy_text) {
    key.addEventListener("click", () => context.on.copy(button.copy_text.text));
    return key;
  }
  if (context.loading.has(button.callback_data)) {
    key.classList.add("loading");
    key.setAttribute("aria-busy", "true");
  }
  key.addEventListener("click", () => context.on.press(message, button.callback_data));
  return key;
}

function moreButton(message, context) {
  const more = el("button", { type: "button", className: "more", attrs: { "aria-label": "消息选项" } }, icon("more"));
  more.addEventListener("click", () => {
    const place = more.getBoundingClientRect();
    context.on.menu(message, place.left, place.bottom + 4);
  });
  return more;
}
