// Small helpers: elements, icons, avatars and dates. User text only ever becomes text nodes.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  menu: "M4 7h16M4 12h16M4 17h16",
  more: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  clip: "M19 11.5l-7.2 7.2a4.6 4.6 0 0 1-6.5-6.5l7.9-7.9a3.1 3.1 0 0 1 4.4 4.4l-7.8 7.8a1.5 1.5 0 0 1-2.2-2.2l6.8-6.8",
  send: "M5 12l14.5-7-4 14-3.6-5.4zM19.5 5l-7.6 8.6",
  close: "M6 6l12 12M18 6L6 18",
  down: "M6 9.5l6 6 6-6",
  file: "M13 3.5H7.5a1.5 1.5 0 0 0-1.5 1.5v14a1.5 1.5 0 0 0 1.5 1.5h9a1.5 1.5 0 0 0 1.5-1.5V8.5zM13 3.5v5h5",
  play: "M8 5.5v13l11-6.5z",
  link: "M9 15l6-6M10 9h5v5",
  photo: "M4.5 6h15v12.5h-15zM4.5 16l4.5-4.5 3.5 3.5 2.5-2.5 4.5 4.5M15 9.7v.01",
  mic: "M12 4a2.5 2.5 0 0 1 2.5 2.5v5a2.5 2.5 0 0 1-5 0v-5A2.5 2.5 0 0 1 12 4zM6.5 11.5a5.5 5.5 0 0 0 11 0M12 17v3",
  check: "M5 12.5l4.5 4.5L19 7.5",
  plus: "M12 5.5v13M5.5 12h13",
};

export const $ = (id) => document.getElementById(id);

/** An element with properties, attributes (in `attrs`) and children (nodes or strings). */
export function el(tag, props = {}, ...children) {
  const { attrs = {}, ...rest } = props;
  const node = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(attrs)) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon", `icon-${name}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A round picture: the tree for the bot, the first character on a colour for people. */
export function fillAvatar(node, { name, id, isBot }) {
  node.className = node.className.replace(/\btone-\d\b|\bis-bot\b/g, "").trim();
  node.replaceChildren();
  if (isBot) {
    node.classList.add("is-bot");
    node.append(el("img", { src: "icon.svg", alt: "" }));
  } else {
    node.classList.add(`tone-${Math.abs(id) % 6}`);
    node.append([...name.trim()][0] ?? "?");
  }
  return node;
}

export const avatar = (who, extra = "") =>
  fillAvatar(el("span", { className: `avatar ${extra}`, attrs: { "aria-hidden": "true" } }), who);

export function clock(seconds) {
  const date = new Date(seconds * 1000);
  return `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`;
}

export function dayName(seconds) {
  const date = new Date(seconds * 1000);
  const midnight = new Date().setHours(0, 0, 0, 0);
  const days = Math.round((midnight - new Date(date).setHours(0, 0, 0, 0)) / 86400000);
  if (days === 0) return "今天";
  if (days === 1) return "昨天";
  const year = date.getFullYear() === new Date().getFullYear() ? "" : `${date.getFullYear()}年`;
  return `${year}${date.getMonth() + 1}月${date.getDate()}日`;
}

export function fileSize(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1048576) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1048576).toFixed(1)} MB`;
}

export function toast(text) {
  const node = el("div", { className: "toast" }, text);
  $("toasts").append(node);
  setTimeout(() => node.classList.add("leaving"), 3200);
  setTimeout(() => node.remove(), 3600);
}

/** Open or close a popup and keep its button's state in step. */
export function setOpen(popup, button, open) {
  popup.hidden = !open;
  button?.setAttribute("aria-expanded", String(open));
}
