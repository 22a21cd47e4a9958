// The chat page: keeps what this person sees and routes events between its parts.

import * as api from "./api.js";
import { kindOf, textOf } from "./bubbles.js";
import { Composer } from "./composer.js";
import { $, el, fillAvatar, icon, setOpen, toast } from "./dom.js";
import { closeMessageMenu, copy, openMessageMenu, toggleHeadMenu } from "./menus.js";
import { drawOffer, refreshOffer } from "./offer.js";
import { Presses } from "./presses.js";
import { askPerson, closePeople, drawChats, drawPeople, togglePeople } from "./sidebar.js";
import { introCard, Timeline } from "./timeline.js";

const EDITABLE_SECONDS = 48 * 3600;

const state = {
  person: 0,
  chat: 0,
  people: [],
  chats: [],
  bot: { id: 0, name: "", username: "", description: "" },
  commands: {},
  messages: new Map(), // chat id -> Map of message id -> message
  unread: new Map(),
  actions: new Map(), // chat id -> time until which the bot is typing
  connected: true,
  unfollow: () => {},
};

const openChat = () => state.chats.find((chat) => chat.id === state.chat);
const isGroup = () => openChat()?.type !== "private";
const history = (chat = state.chat) => state.messages.get(chat) ?? new Map();

const timeline = new Timeline(bubbleContext, (count) => {
  $("to-bottom").replaceChildren(icon("down"), ...(count ? [el("b", { className: "count" }, String(count))] : []));
});

const presses = new Presses((chat, messageId) => {
  const message = history(chat).get(messageId);
  if (message && chat === state.chat) timeline.upsert(message, false);
});

const composer = new Composer(
  () => ({
    person: state.person,
    chat: state.chat,
    commands: state.commands[state.chat] ?? [],
    bot: state.bot,
    isGroup: isGroup(),
  }),
  () => [...history().values()].reverse().find(isEditable),
);

function bubbleContext(message, before) {
  const close = before && before.from.id === message.from.id && message.date - before.date < 600;
  return {
    mine: message.from.id === state.person,
    isGroup: isGroup(),
    joined: Boolean(close),
    loading: presses.waitingOn(message),
    on: {
      press: (pressed, data) => presses.press(state.person, pressed, data),
      command: (text) => composer.command(text),
      menu: messageMenu,
      jump: (id) => timeline.jump(id),
      copy,
    },
  };
}

// --- who and where: "#person/chat" in the address, so that a reload and a second tab keep theirs

function become(person, chat) {
  state.unfollow();
  state.person = person;
  state.chat = chat || person;
  state.unread.clear();
  closePeople();
  remember();
  state.unfollow = api.follow(person, onEvent, onConnection);
}

function remember() {
  const hash = `#${state.person}/${state.chat}`;
  if (location.hash !== hash) window.history.replaceState(null, "", hash);
}

function show(chat) {
  state.chat = chat;
  state.unread.delete(chat);
  remember();
  composer.clear();
  timeline.reset();
  drawChat();
  drawAll();
  document.body.classList.remove("sidebar-open");
  if (matchMedia("(pointer: fine)").matches) $("input").focus();
}

// --- events of the server

function onConnection(connected) {
  state.connected = connected;
  document.body.classList.toggle("offline", !connected);
  drawHead();
}

function onEvent(event) {
  switch (event.type) {
    case "snapshot":
      return onSnapshot(event);
    case "about":
      takeAbout(event);
      return drawAll();
    case "chat":
      state.chats = state.chats.map((chat) => (chat.id === event.chat_id ? event.chat : chat));
      if (!state.chats.some((chat) => chat.id === event.chat_id)) state.chats.push(event.chat);
      return drawAll();
    case "message":
      return onMessage(event.message);
    case "deleted":
      history(event.chat_id).delete(event.message_id);
      if (event.chat_id === state.chat) timeline.remove(event.message_id);
      return drawSidebar();
    case "action":
      return onAction(event);
    case "model":
      return drawOffer(event.model);
    case "draft":
      if (event.chat_id === state.chat) timeline.showDraft(event);
      return undefined;
    case "answered":
      return presses.onAnswer(event);
    default:
      return undefined;
  }
}

function onSnapshot(event) {
  takeAbout(event);
  refreshOffer();
  if (!state.people.some((person) => person.id === state.person)) {
    if (state.people.length > 0) become(state.people[0].id);
    return;
  }
  state.messages = new Map(
    Object.entries(event.messages).map(([chat, list]) => [Number(chat), new Map(list.map((item) => [item.message_id, item]))]),
  );
  if (!openChat()) state.chat = state.person;
  remember();
  drawChat();
  drawAll();
}

function takeAbout(event) {
  state.people = event.people;
  state.chats = event.chats;
  state.bot = { ...state.bot, ...event.bot };
  state.commands = event.commands;
}

function onMessage(message) {
  const chat = message.chat.id;
  if (!state.messages.has(chat)) state.messages.set(chat, new Map());
  const isNew = !history(chat).has(message.message_id);
  history(chat).set(message.message_id, message);
  const about = state.chats.find((item) => item.id === chat);
  if (about) about.started = true;
  if (isNew && message.from.is_bot) state.actions.delete(chat);
  if (chat === state.chat) timeline.upsert(message, isNew);
  else if (isNew && message.from.id !== state.person) state.unread.set(chat, (state.unread.get(chat) ?? 0) + 1);
  drawAll();
}

function onAction(event) {
  state.actions.set(event.chat_id, Date.now() + event.seconds * 1000);
  setTimeout(drawHead, event.seconds * 1000 + 50);
  if (event.chat_id === state.chat) timeline.showTyping(state.bot, event.seconds);
  drawHead();
}

// --- menus

function isEditable(message) {
  const isFresh = Date.now() / 1000 - message.date < EDITABLE_SECONDS;
  return message.from.id === state.person && kindOf(message) === "text" && isFresh;
}

function messageMenu(message, x, y) {
  openMessageMenu(x, y, [
    ["回复", () => composer.aim({ mode: "reply", message })],
    ...(isEditable(message) ? [["编辑", () => composer.aim({ mode: "edit", message })]] : []),
    ...(textOf(message) ? [["复制文字", () => copy(textOf(message))]] : []),
  ]);
}

function chatMenu() {
  const blocked = openChat()?.blocked;
  const choice = blocked ? ["解除屏蔽", () => api.unblock(state.person)] : ["屏蔽机器人", () => api.block(state.person)];
  toggleHeadMenu([choice]);
}

// --- drawing

function drawAll() {
  drawHead();
  drawFoot();
  drawSidebar();
}

function drawSidebar() {
  drawPeople(state.people, state.person, { become: (id) => { become(id); composer.clear(); }, add: addPerson });
  drawChats({ ...state, current: state.chat, onOpen: show });
}

function drawChat() {
  timeline.draw(history(), isGroup() ? null : introCard(state.bot));
}

function drawHead() {
  const chat = openChat();
  if (!chat) return;
  const title = isGroup() ? chat.title : state.bot.name;
  $("head-title").textContent = title;
  fillAvatar($("head-avatar"), { name: title, id: chat.id, isBot: !isGroup() });
  const typing = (state.actions.get(state.chat) ?? 0) > Date.now();
  $("head-status").classList.toggle("typing", typing && state.connected);
  if (!state.connected) $("head-status").textContent = "正在重新连接…";
  else if (typing) $("head-status").textContent = "正在输入…";
  else $("head-status").textContent = isGroup() ? `${chat.members.length + 1} 位成员` : "机器人";
  $("chat-menu-button").hidden = isGroup();
}

function drawFoot() {
  const chat = openChat();
  if (!chat) return;
  $("start").hidden = isGroup() || chat.started || chat.blocked;
  $("unblock").hidden = !chat.blocked;
  $("composer").hidden = Boolean(chat.blocked);
  $("command-button").hidden = (state.commands[state.chat] ?? []).length === 0;
  const intro = document.querySelector(".intro");
  if (intro && !isGroup()) intro.replaceWith(introCard(state.bot));
}

async function addPerson() {
  closePeople();
  const answer = await askPerson();
  if (!answer) return;
  try {
    become((await api.addPerson(answer.name, answer.language)).id);
  } catch (error) {
    toast(error.message);
  }
}

// --- wiring

$("open-sidebar").append(icon("menu"));
$("chat-menu-button").append(icon("more"));
$("open-sidebar").addEventListener("click", () => document.body.classList.add("sidebar-open"));
$("scrim").addEventListener("click", () => document.body.classList.remove("sidebar-open"));
$("persona").addEventListener("click", togglePeople);
$("chat-menu-button").addEventListener("click", chatMenu);
$("to-bottom").addEventListener("click", () => timeline.toBottom());
$("start").addEventListener("click", () => composer.command("/start"));
$("unblock").addEventListener("click", async () => {
  await api.unblock(state.person).catch((error) => toast(error.message));
  composer.command("/start");
});
$("new-group").addEventListener("click", async () => {
  const count = state.chats.filter((chat) => chat.type !== "private").length;
  const chat = await api.addGroup(`群聊 ${count + 1}`).catch((error) => toast(error.message));
  if (chat) show(chat.id);
});
document.addEventListener("pointerdown", (event) => {
  const outside = (selector) => !event.target.closest(selector);
  if (outside(".message-menu")) closeMessageMenu();
  if (outside("#persona, #people")) closePeople();
  if (outside("#chat-menu, #chat-menu-button")) setOpen($("chat-menu"), $("chat-menu-button"), false);
  if (outside(".foot")) composer.closePopups();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  closeMessageMenu();
  document.body.classList.remove("sidebar-open");
  closePeople();
});

const [person, chat] = location.hash.slice(1).split("/").map(Number);
become(person || 1001, chat || 0);
