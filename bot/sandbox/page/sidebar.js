// The sidebar: who one is, and the chats of that person.

import { preview } from "./bubbles.js";
import { $, avatar, clock, dayName, el, icon, setOpen } from "./dom.js";

const LANGUAGES = { "zh-hans": "简体中文", "zh-hant": "繁體中文", en: "English" };

/** The card at the top, and the list behind it. on: { become, add } */
export function drawPeople(people, current, on) {
  const me = people.find((person) => person.id === current);
  $("persona").replaceChildren(
    ...(me ? [face(me), el("span", { className: "persona-text" }, nameLine(me), el("small", {}, details(me)))] : []),
    icon("down"),
  );
  $("persona").setAttribute("aria-label", me ? `你是${me.name}，编号 ${me.id}。换一个人` : "选择一个人");
  const rows = people.map((person) => {
    const row = el(
      "button",
      { type: "button", className: "person", attrs: { role: "menuitemradio", "aria-checked": String(person.id === current) } },
      face(person),
      el("span", { className: "persona-text" }, nameLine(person), el("small", {}, details(person))),
      person.id === current ? icon("check") : null,
    );
    row.addEventListener("click", () => on.become(person.id));
    return row;
  });
  const add = el("button", { type: "button", className: "person add", attrs: { role: "menuitem" } }, el("span", { className: "avatar plus" }, icon("plus")), "添加一个人");
  add.addEventListener("click", on.add);
  $("people").replaceChildren(...rows, add);
}

const face = (person) => avatar({ name: person.name, id: person.id, isBot: false });
const details = (person) => `${person.id} · ${LANGUAGES[person.language] ?? person.language}`;

function nameLine(person) {
  const line = el("span", { className: "name" }, person.name);
  if (person.is_admin) line.append(el("em", { className: "badge" }, "管理员"));
  return line;
}

/** The chats; `unread` counts by chat id. */
export function drawChats({ chats, messages, bot, current, unread, onOpen }) {
  const rows = chats.map((chat) => {
    const isBot = chat.type === "private";
    const last = [...(messages.get(chat.id)?.values() ?? [])].at(-1);
    const count = unread.get(chat.id) ?? 0;
    const row = el(
      "button",
      { type: "button", className: "chat", attrs: chat.id === current ? { "aria-current": "true" } : {} },
      avatar({ name: isBot ? bot.name : chat.title, id: chat.id, isBot }),
      el(
        "span",
        { className: "chat-text" },
        el("span", { className: "name" }, isBot ? bot.name : chat.title, isBot ? el("em", { className: "badge" }, "机器人") : null),
        el("small", {}, last ? lastLine(last, isBot) : "还没有消息"),
      ),
      el(
        "span",
        { className: "chat-side" },
        el("time", {}, last ? shortTime(last.date) : ""),
        count ? el("b", { className: "count" }, String(count)) : null,
      ),
    );
    row.addEventListener("click", () => onOpen(chat.id));
    return row;
  });
  $("chats").replaceChildren(...rows);
}

const shortTime = (date) => (dayName(date) === "今天" ? clock(date) : dayName(date));
const lastLine = (message, isPrivate) =>
  isPrivate ? preview(message) : `${message.from.first_name}：${preview(message)}`;

export function closePeople() {
  setOpen($("people"), $("persona"), false);
}

export function togglePeople() {
  setOpen($("people"), $("persona"), $("people").hidden);
}

/** Ask for a name and a language; resolves to null when given up. */
export function askPerson() {
  const dialog = $("add-person");
  $("person-name").value = "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const name = $("person-name").value.trim();
      resolve(dialog.returnValue === "ok" && name ? { name, language: $("person-language").value } : null);
    }, { once: true });
  });
}
