// A better model for the bot: offered by one button, with its size, its licence and how far it is.

import * as api from "./api.js";
import { $, el, toast } from "./dom.js";

const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(bytes < 1e8 ? 2 : 1)} GB`;

function timeLeft(seconds) {
  if (seconds === null) return "";
  if (seconds < 60) return "，还要不到一分钟";
  return seconds < 3600 ? `，还要约 ${Math.round(seconds / 60)} 分钟` : `，还要约 ${(seconds / 3600).toFixed(1)} 小时`;
}

function button(text, act, className = "primary") {
  const node = el("button", { type: "button", className }, text);
  node.addEventListener("click", async () => {
    node.disabled = true;
    await act().catch((error) => toast(error.message));
  });
  return node;
}

function bar(offer) {
  const node = el("progress", { max: offer.bytes, value: offer.done });
  node.setAttribute("aria-label", "下载进度");
  return node;
}

function parts(offer) {
  const facts = `${offer.title}，${gigabytes(offer.bytes)}，许可 ${offer.licence}`;
  switch (offer.state) {
    case "fetching": {
      const rate = offer.rate === null ? "" : `，${(offer.rate / 1e6).toFixed(1)} MB/s`;
      return [
        el("p", {}, `正在下载 ${offer.title}`),
        bar(offer),
        el("p", { className: "fine" }, `${gigabytes(offer.done)} / ${gigabytes(offer.bytes)}${rate}${timeLeft(offer.seconds_left)}`),
        button("先停下", api.stopModel, "quiet"),
      ];
    }
    case "loading":
      return [el("p", {}, `${offer.title} 下载好了，正在换上，可以接着聊。`)];
    case "serving":
      return [el("p", {}, `已经换上 ${offer.title}，从下一句开始由它回答。`)];
    case "failed":
      return [
        el("p", {}, `${offer.title} 没有换上。已经下载的部分还在。`),
        el("p", { className: "fine" }, offer.reason),
        button("再试一次", api.fetchModel),
      ];
    default:
      return [
        el("p", {}, "现在回答的是随软件附带的小模型。可以换一个大一些的："),
        el("p", { className: "fine" }, `${facts}。${offer.note}。也要更多内存。`),
        button(offer.done > 0 ? "接着下载" : "下载并换上", api.fetchModel),
      ];
  }
}

/** Draw the offer; null: there is none. */
export function drawOffer(offer) {
  $("offer").hidden = !offer;
  if (offer) $("offer").replaceChildren(...parts(offer));
}

/** Ask for it anew. */
export async function refreshOffer() {
  drawOffer(await api.model().catch(() => null));
}
