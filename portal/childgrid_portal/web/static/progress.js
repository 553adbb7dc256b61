// Fills the page of a query while agencies answer. Without it the page has a link that
// looks again. The server sends a part of the page anew, made by the template that made
// it first; what has the focus is not taken away from under a reader: news waits until
// the focus has left.
"use strict";
(() => {
  const part = (name) => document.getElementById(name);
  const live = part("live");
  const address = part("answers") && part("answers").dataset.events;
  if (!address || !window.EventSource) return;
  const source = new EventSource(address);
  const news = new Map();
  let over = false;
  const say = () => {
    const count = part("count");
    const end = count.dataset.open ? "over" : count.dataset.heard ? "done" : "";
    const more = over && end ? live.dataset[end] : "";
    live.textContent = `${count.textContent} ${more}`.trim();
  };
  const show = (name) => {
    if (!news.has(name)) return;
    const read = part(name).contains(document.activeElement);
    if (read && name === "answers") live.textContent = live.dataset.waits;
    if (read) return;
    const fresh = new DOMParser().parseFromString(news.get(name), "text/html");
    news.delete(name);
    part(name).replaceChildren(...fresh.body.childNodes);
    if (name === "answers") say();
  };
  const end = () => {
    source.close();
    over = true;
    if (!news.has("answers")) say();
  };
  source.addEventListener("open", () => { live.textContent = live.dataset.text; });
  for (const name of ["head", "answers"]) {
    source.addEventListener(name, (event) => { news.set(name, event.data); show(name); });
    // The focus is at its next place only after this event.
    part(name).addEventListener("focusout", () => setTimeout(show, 0, name));
  }
  source.addEventListener("end", end);
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) end();
  });
})();
