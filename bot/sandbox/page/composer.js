// The input: sending, editing, replying, attachments and the command menu.

import * as api from "./api.js";
import { preview, textOf } from "./bubbles.js";
import { $, el, icon, setOpen, toast } from "./dom.js";

const TALLEST = 168;
const STICKERS = ["🌳", "🙂", "😢", "❤️", "👍", "🌙"];

export class Composer {
  /** where() gives { person, chat, commands, bot, isGroup }; lastOwn() the last own text message. */
  constructor(where, lastOwn) {
    this.where = where;
    this.lastOwn = lastOwn;
    this.input = $("input");
    this.target = null; // { mode: "reply" | "edit", message }
    this.chosen = 0;
    $("attach").append(icon("clip"));
    $("send").append(icon("send"));
    $("context-cancel").append(icon("close"));
    this.input.addEventListener("input", () => { this.fit(); this.complete(); });
    this.input.addEventListener("keydown", (event) => this.key(event));
    $("composer").addEventListener("submit", (event) => { event.preventDefault(); this.submit(); });
    $("context-cancel").addEventListener("click", () => this.aim(null));
    $("command-button").addEventListener("click", () => this.toggleCommands());
    $("attach").addEventListener("click", () => this.toggleAttach());
    $("pick-photo").addEventListener("change", (event) => this.picked(event.target, "photo"));
    $("pick-file").addEventListener("change", (event) => this.picked(event.target, "document"));
    this.drawAttach();
    this.fit();
  }

  /** Forget what is being written; another chat is shown. */
  clear() {
    this.aim(null);
    this.input.value = "";
    this.fit();
    this.closePopups();
  }

  /** Reply to or edit a message; null goes back to a plain new one. */
  aim(target) {
    if (this.target?.mode === "edit" || target?.mode === "edit") {
      this.input.value = target?.mode === "edit" ? textOf(target.message) : "";
    }
    this.target = target;
    $("context").hidden = target === null;
    if (target) {
      $("context-title").textContent = target.mode === "edit" ? "编辑消息" : `回复 ${target.message.from.first_name}`;
      $("context-preview").textContent = preview(target.message);
      this.input.focus();
    }
    this.fit();
  }

  async submit() {
    const text = this.input.value.trim();
    if (!text) return;
    const { person, chat } = this.where();
    const target = this.target;
    this.clear();
    await this.trying(
      target?.mode === "edit"
        ? api.edit(person, chat, target.message.message_id, text)
        : api.say(person, chat, text, target?.message.message_id),
      () => { this.input.value = text; this.fit(); },
    );
  }

  /** Send a command at once, as a tap on it does. */
  command(text) {
    const { person, chat, bot, isGroup } = this.where();
    const full = isGroup && !text.includes("@") ? `${text}@${bot.username}` : text;
    this.closePopups();
    return this.trying(api.say(person, chat, full));
  }

  key(event) {
    // While an input method composes, Enter chooses a word.
    if (event.isComposing || event.keyCode === 229) return;
    const open = !$("commands").hidden;
    const count = $("commands").children.length;
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.choose((this.chosen + (event.key === "ArrowDown" ? 1 : count - 1)) % count);
    } else if (open && event.key === "Tab") {
      event.preventDefault();
      this.input.value = `${$("commands").children[this.chosen].dataset.insert} `;
      this.closePopups();
    } else if (event.key === "Escape") {
      if (open) this.closePopups();
      else this.aim(null);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (open) $("commands").children[this.chosen].click();
      else this.submit();
    } else if (event.key === "ArrowUp" && !this.input.value) {
      const message = this.lastOwn();
      if (message) {
        event.preventDefault();
        this.aim({ mode: "edit", message });
      }
    }
  }

  fit() {
    this.input.style.height = "auto";
    const wanted = this.input.scrollHeight;
    this.input.style.height = `${Math.min(wanted, TALLEST)}px`;
    this.input.classList.toggle("long", wanted > TALLEST);
    $("send").disabled = !this.input.value.trim();
  }

  /** Suggestions for the "/" or "@" that is being typed. */
  complete() {
    const { commands, bot, isGroup } = this.where();
    const text = this.input.value;
    let found = [];
    if (/^\/\w*$/.test(text)) {
      found = commands.filter((item) => `/${item.command}`.startsWith(text.toLowerCase()));
    } else if (isGroup && /(^|\s)@\w*$/.test(text) && `@${bot.username}`.startsWith(text.match(/@\w*$/)[0])) {
      const insert = text.replace(/@\w*$/, `@${bot.username}`);
      found = [{ command: null, description: bot.name, shown: `@${bot.username}`, insert }];
    }
    this.drawCommands(found);
  }

  drawCommands(found) {
    const list = $("commands");
    list.replaceChildren(...found.map((item) => this.commandRow(item)));
    setOpen(list, $("command-button"), found.length > 0);
    if (found.length > 0) this.choose(0);
  }

  commandRow(item) {
    const shown = item.shown ?? `/${item.command}`;
    const row = el("li", { attrs: { role: "option" } }, el("b", {}, shown), el("span", {}, item.description));
    row.dataset.insert = item.insert ?? shown;
    row.addEventListener("mousedown", (event) => event.preventDefault());
    row.addEventListener("click", () => {
      if (item.insert) {
        this.input.value = `${item.insert} `;
        this.closePopups();
      } else {
        this.clear();
        this.command(shown);
      }
      this.input.focus();
    });
    return row;
  }

  choose(position) {
    this.chosen = position;
    [...$("commands").children].forEach((row, index) => {
      row.setAttribute("aria-selected", String(index === position));
      if (index === position) row.scrollIntoView({ block: "nearest" });
    });
  }

  toggleCommands() {
    setOpen($("attach-menu"), $("attach"), false);
    if ($("commands").hidden) this.drawCommands(this.where().commands);
    else this.closePopups();
    this.input.focus();
  }

  toggleAttach() {
    setOpen($("commands"), $("command-button"), false);
    setOpen($("attach-menu"), $("attach"), $("attach-menu").hidden);
  }

  closePopups() {
    setOpen($("commands"), $("command-button"), false);
    setOpen($("attach-menu"), $("attach"), false);
  }

  drawAttach() {
    const item = (name, text, action) => {
      const button = el("button", { type: "button", attrs: { role: "menuitem" } }, icon(name), text);
      button.addEventListener("click", () => { this.closePopups(); action(); });
      return button;
    };
    const stickers = el("div", { className: "stickers" });
    for (const emoji of STICKERS) {
      const button = el("button", { type: "button", attrs: { role: "menuitem", "aria-label": `贴纸 ${emoji}` } }, emoji);
      button.addEventListener("click", () => { this.closePopups(); this.media({ kind: "sticker", emoji }); });
      stickers.append(button);
    }
    $("attach-menu").append(
      item("photo", "选一张照片", () => $("pick-photo").click()),
      item("file", "选一个文件", () => $("pick-file").click()),
      item("photo", "示例照片", () => this.media({ kind: "photo" })),
      item("mic", "示例语音", () => this.media({ kind: "voice" })),
      item("file", "示例文件", () => this.media({ kind: "document" })),
      stickers,
    );
  }

  picked(picker, kind) {
    const [file] = picker.files;
    picker.value = "";
    if (file) this.media({ kind, file });
  }

  media(fields) {
    const { person, chat } = this.where();
    const caption = this.input.value.trim();
    const captioned = caption && fields.kind !== "sticker" && !this.target;
    if (captioned) this.clear();
    return this.trying(api.sendMedia(person, chat, captioned ? { ...fields, caption } : fields));
  }

  async trying(request, restore = () => {}) {
    try {
      await request;
    } catch (error) {
      restore();
      toast(error.message);
    }
  }
}
