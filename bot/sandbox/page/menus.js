// Popup menus: of a message, and of the chat in the header. Items are [text, action] pairs.

import { $, el, setOpen, toast } from "./dom.js";

export function openMessageMenu(x, y, items) {
  closeMessageMenu();
  const menu = el("div", { className: "menu message-menu", attrs: { role: "menu" } });
  menu.append(...items.map(([text, action]) => menuItem(text, () => { menu.remove(); action(); })));
  document.body.append(menu);
  menu.style.left = `${Math.max(8, Math.min(x, innerWidth - menu.offsetWidth - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(y, innerHeight - menu.offsetHeight - 8))}px`;
  menu.firstElementChild.focus();
}

export function closeMessageMenu() {
  document.querySelector(".message-menu")?.remove();
}

/** Open or close the header's menu; actions are promises whose failure is shown. */
export function toggleHeadMenu(items) {
  const [menu, button] = [$("chat-menu"), $("chat-menu-button")];
  menu.replaceChildren(
    ...items.map(([text, action]) =>
      menuItem(text, () => {
        setOpen(menu, button, false);
        action().catch((error) => toast(error.message));
      }),
    ),
  );
  setOpen(menu, button, menu.hidden);
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("已复制");
  } catch {
    toast("浏览器不允许复制");
  }
}

function menuItem(text, onClick) {
  const button = el("button", { type: "button", attrs: { role: "menuitem" } }, text);
  button.addEventListener("click", onClick);
  return button;
}
