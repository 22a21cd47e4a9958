// Pressed inline buttons: their loading state, and the toast or alert that the bot answers with.

import * as api from "./api.js";
import { $, toast } from "./dom.js";

const ANSWER_SECONDS = 15;

export class Presses {
  /** redraw(chat, messageId) is called when a button starts or stops loading. */
  constructor(redraw) {
    this.redraw = redraw;
    this.waiting = new Map(); // callback id -> { chat, messageId, data, timer }
    this.answered = new Set(); // answers that overtook the reply to their own press
  }

  /** The callback data of a message's loading buttons. */
  waitingOn(message) {
    const mine = [...this.waiting.values()].filter(
      (press) => press.chat === message.chat.id && press.messageId === message.message_id,
    );
    return new Set(mine.map((press) => press.data));
  }

  async press(person, message, data) {
    const [chat, messageId] = [message.chat.id, message.message_id];
    try {
      const { callback_id: id } = await api.press(person, chat, messageId, data);
      if (this.answered.delete(id)) return;
      const timer = setTimeout(() => this.settle(id), ANSWER_SECONDS * 1000);
      this.waiting.set(id, { chat, messageId, data, timer });
      this.redraw(chat, messageId);
    } catch (error) {
      toast(error.message);
    }
  }

  onAnswer({ callback_id: id, text, alert }) {
    if (this.waiting.has(id)) this.settle(id);
    else this.answered.add(id);
    if (text && alert) {
      $("alert-text").textContent = text;
      $("alert").showModal();
    } else if (text) {
      toast(text);
    }
  }

  settle(id) {
    const press = this.waiting.get(id);
    if (!press) return;
    clearTimeout(press.timer);
    this.waiting.delete(id);
    this.redraw(press.chat, press.messageId);
  }
}
