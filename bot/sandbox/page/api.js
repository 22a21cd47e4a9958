// The sandbox's control API. Every function throws an Error whose message is one sentence.

async function ask(path, options) {
  let response;
  try {
    response = await fetch(`/sandbox${path}`, options);
  } catch {
    throw new Error("连不上本机的服务，稍后会自动重连。");
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(body.error ?? "没有成功，请再试一次。");
  return body;
}

const post = (path, body = {}) =>
  ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

export const say = (person, chat, text, replyTo) =>
  post(`/people/${person}/say`, { chat_id: chat, text, reply_to: replyTo ?? null });

export const edit = (person, chat, message, text) =>
  post(`/people/${person}/edit`, { chat_id: chat, message_id: message, text });

export const press = (person, chat, message, data) =>
  post(`/people/${person}/press`, { chat_id: chat, message_id: message, data });

export const block = (person) => post(`/people/${person}/block`);
export const unblock = (person) => post(`/people/${person}/unblock`);
export const addPerson = (name, language) => post("/people", { name, language });
export const addGroup = (title) => post("/groups", { title });

export const model = () => ask("/model");
export const fetchModel = () => post("/model/fetch");
export const stopModel = () => post("/model/stop");

export function sendMedia(person, chat, fields) {
  const form = new FormData();
  form.append("chat_id", String(chat));
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return ask(`/people/${person}/media`, { method: "POST", body: form });
}

/** Follow everything this person sees; returns a function that ends it. */
export function follow(person, onEvent, onConnection) {
  const source = new EventSource(`/sandbox/events?person=${person}`);
  source.onopen = () => onConnection(true);
  source.onerror = () => onConnection(false);
  source.onmessage = (message) => onEvent(JSON.parse(message.data));
  return () => source.close();
}
