// Fills the answers of a query while agencies answer. Without it the page has a link
// that looks again. The server sends the part of the page anew, made by the template
// that made it first; what has the focus is not taken away from under a reader: news
// waits until the focus has left.
"use strict";
(() => {
  const part = document.getElementById("answers");
  const live = document.getElementById("live");
  const address = part && part.dataset.events;
  if (!address || !window.EventSource) return;
  const source = new EventSource(address);
  let news = null, over = false;
  const say = () => {
    const count = document.getElementById("count");
    const end = count.dataset.open ? "over" : count.dataset.heard ? "done" : "";
    const more = over && end ? live.dataset[end] : "";
    live.textContent = `${count.textContent} ${more}`.trim();
  };
  const head = () => {
    const now = document.getElementById("state-now");
    const unsent = document.getElementById("unsent");
    document.getElementById("state").replaceChildren(now.content.cloneNode(true));
    if (unsent && now.dataset.state !== "waiting") unsent.remove();
  };
  const show = () => {
    if (news === null) return;
    if (part.contains(document.activeElement)) {
      live.textContent = live.dataset.waits;
      return;
    }
    const fresh = new DOMParser().parseFromString(news, "text/html");
    news = null;
    part.replaceChildren(...fresh.body.childNodes);
    head();
    say();
  };
  const end = () => {
    source.close();
    over = true;
    if (news === null) say();
  };
  source.addEventListener("open", () => { live.textContent = live.dataset.text; });
  source.addEventListener("answers", (event) => { news = event.data; show(); });
  // The focus is at its next place only after this event.
  part.addEventListener("focusout", () => setTimeout(show));
  source.addEventListener("end", end);
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) end();
  });
})();
