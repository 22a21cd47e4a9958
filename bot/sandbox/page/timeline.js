// The list of bubbles: draws a chat, follows its changes, typing and drafts, and where it is scrolled.

import { bubble } from "./bubbles.js";
import { $, avatar, dayName, el } from "./dom.js";
import { richText } from "./entities.js";

const DRAWN = 150;
const NEAR_BOTTOM = 120;

export class Timeline {
  /** context(message, before) gives a bubble its context; onUnseen(count) tells of new ones below. */
  constructor(context, onUnseen) {
    this.list = $("timeline");
    this.scroller = $("scroller");
    this.context = context;
    this.onUnseen = onUnseen;
    this.drawn = DRAWN;
    this.unseen = 0;
    this.live = null;
    this.scroller.addEventListener("scroll", () => {
      if (this.isNearBottom()) this.see();
      $("to-bottom").hidden = this.isNearBottom();
    }, { passive: true });
    new ResizeObserver(() => { if (this.stuck) this.toBottom(); }).observe(this.scroller);
    this.scroller.addEventListener("scroll", () => { this.stuck = this.isNearBottom(); }, { passive: true });
    this.stuck = true;
  }

  /** Draw a chat from scratch; `intro` is shown above or instead of its messages. */
  draw(messages, intro, keepPlace = false) {
    const distance = this.scroller.scrollHeight - this.scroller.scrollTop;
    this.messages = messages;
    this.intro = intro;
    this.live = null;
    this.list.replaceChildren();
    const all = [...messages.values()];
    const shown = all.slice(-this.drawn);
    if (all.length === 0 && intro) this.list.append(intro);
    if (all.length > shown.length) this.list.append(this.earlierButton());
    let before = null;
    for (const message of shown) {
      this.append(message, before);
      before = message;
    }
    if (keepPlace) this.scroller.scrollTop = this.scroller.scrollHeight - distance;
    else this.toBottom();
  }

  reset() {
    this.drawn = DRAWN;
    this.see();
  }

  /** A message is new or has changed. */
  upsert(message, isNew) {
    const follow = this.isNearBottom() || this.context(message, null).mine;
    const old = this.list.querySelector(`[data-id="${message.message_id}"]`);
    if (old) {
      const before = this.previous(message.message_id);
      const fresh = bubble(message, this.context(message, before));
      if (old.contains(document.activeElement)) keepFocus(old, fresh);
      old.replaceWith(fresh);
    } else if (isNew) {
      this.list.querySelector(".intro")?.remove();
      if (message.from.is_bot) this.showLive(null);
      this.append(message, this.previous(message.message_id));
      this.list.lastElementChild.classList.add("arriving");
      if (!follow) this.onUnseen(++this.unseen);
    }
    if (this.live) this.list.append(this.live);
    if (follow) this.toBottom();
  }

  remove(messageId) {
    this.list.querySelector(`[data-id="${messageId}"]`)?.remove();
  }

  /** "typing…" for some seconds; null ends it. */
  showTyping(who, seconds) {
    if (this.live?.classList.contains("draft")) return;
    const dots = el("span", { className: "dots", attrs: { "aria-hidden": "true" } }, el("i"), el("i"), el("i"));
    const row = el("div", { className: "row in live typing", attrs: { "aria-label": `${who.name}正在输入` } });
    row.append(el("div", { className: "column" }, el("div", { className: "bubble" }, dots)));
    this.showLive(row, seconds);
  }

  /** A message that is still being written. */
  showDraft(draft) {
    const text = el("div", { className: "text" }, richText(draft.text, draft.entities), el("span", { className: "caret" }));
    const row = el("div", { className: "row in live draft" }, el("div", { className: "column" }, el("div", { className: "bubble" }, text)));
    this.showLive(row, draft.seconds);
  }

  showLive(row, seconds = 0) {
    const follow = this.isNearBottom();
    clearTimeout(this.liveTimer);
    if (this.live && row && this.live.className === row.className) this.live.replaceChildren(...row.childNodes);
    else {
      this.live?.remove();
      this.live = row;
      if (row) this.list.append(row);
    }
    if (row) this.liveTimer = setTimeout(() => this.showLive(null), seconds * 1000);
    if (follow) this.toBottom();
  }

  /** Scroll to a message and let it glow. */
  jump(messageId) {
    const row = this.list.querySelector(`[data-id="${messageId}"]`);
    if (!row) return;
    row.scrollIntoView({ block: "center", behavior: "smooth" });
    row.classList.remove("glow");
    requestAnimationFrame(() => row.classList.add("glow"));
  }

  toBottom() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.stuck = true;
    this.see();
  }

  isNearBottom() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM;
  }

  see() {
    this.unseen = 0;
    this.onUnseen(0);
  }

  append(message, before) {
    if (!before || dayName(before.date) !== dayName(message.date)) {
      this.list.append(el("div", { className: "day" }, el("span", {}, dayName(message.date))));
    }
    this.list.append(bubble(message, this.context(message, before)));
  }

  previous(messageId) {
    let before = null;
    for (const message of this.messages.values()) {
      if (message.message_id === messageId) break;
      before = message;
    }
    return before;
  }

  earlierButton() {
    const button = el("button", { type: "button", className: "earlier" }, "更早的消息");
    button.addEventListener("click", () => {
      this.drawn += DRAWN;
      this.draw(this.messages, this.intro, true);
    });
    return button;
  }
}

/** The card in an empty chat: what this bot can do. */
export function introCard(bot) {
  return el(
    "div",
    { className: "intro" },
    avatar({ name: bot.name, id: bot.id, isBot: true }, "large"),
    el("h2", {}, bot.name),
    el("p", {}, bot.description || "点下面的“开始”，或者直接写下第一句话。"),
  );
}

function keepFocus(old, fresh) {
  const keys = [...old.querySelectorAll("button, a")];
  const position = keys.indexOf(document.activeElement);
  queueMicrotask(() => [...fresh.querySelectorAll("button, a")][position]?.focus({ preventScroll: true }));
}
