// Fills the answers of a query while agencies answer. Without it the page has a link
// that looks again. The server sends the part of the page anew, made by the template
// that made it first; what has the focus is not taken away from under a reader.
"use strict";
(() => {
  const part = document.getElementById("answers");
  const live = document.getElementById("live");
  const address = part && part.dataset.events;
  if (!address || !window.EventSource) return;
  const source = new EventSource(address);
  source.addEventListener("open", () => { live.textContent = live.dataset.text; });
  source.addEventListener("answers", (event) => {
    if (part.contains(document.activeElement)) return;
    const fresh = new DOMParser().parseFromString(event.data, "text/html");
    part.replaceChildren(...fresh.body.childNodes);
    live.textContent = document.getElementById("count").textContent;
  });
  source.addEventListener("end", () => source.close());
})();
