// What the page does beyond plain links and forms: say aloud what changed, keep the focus, close menus.
"use strict";

(() => {
  const announcer = () => document.getElementById("announcer");

  // One region, always in the page, so that screen readers watch it from the start.
  const announce = (sentence) => {
    const region = announcer();
    if (!region || !sentence) return;
    // The same sentence twice is only read again if the text really changes.
    region.textContent = region.textContent === sentence ? `${sentence}\u00a0` : sentence;
  };

  const flash = (sentence, tone) => {
    const list = document.getElementById("messages");
    if (!list || !sentence) return;
    const note = document.createElement("div");
    note.className = `callout is-${tone || "info"} is-plain`;
    const body = document.createElement("div");
    const paragraph = document.createElement("p");
    paragraph.textContent = sentence;
    body.append(paragraph);
    note.append(body);
    list.replaceChildren(note);
    announce(sentence);
  };

  const FOCUSABLE = "a[href], button:not([disabled]), input:not([type=hidden]):not([disabled]), select, textarea";

  // The server speaks through HX-Trigger: {"announce": "12 accounts"} or {"flash": {"text": "…", "tone": "green"}}.
  document.addEventListener("announce", (event) => announce(event.detail.value ?? event.detail.text));
  document.addEventListener("flash", (event) => flash(event.detail.text ?? event.detail.value, event.detail.tone));

  let heldFocus = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const target = event.detail.target;
    heldFocus = Boolean(target && target.contains(document.activeElement) && target !== document.body);
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    const fresh = event.detail.elt;
    if (!(fresh instanceof HTMLElement)) return;
    const told = fresh.matches("[data-announce]") ? fresh : fresh.querySelector("[data-announce]");
    if (told) announce(told.dataset.announce || told.textContent.trim());

    const wrong = fresh.querySelector("[aria-invalid=true]");
    if (wrong) {
      wrong.focus();
      return;
    }
    const isLost = document.activeElement === document.body || !document.activeElement;
    if (heldFocus && isLost) {
      const place = fresh.querySelector("[data-focus]") || fresh;
      if (!place.matches(FOCUSABLE)) place.tabIndex = -1;
      place.focus({ preventScroll: true });
    }
    heldFocus = false;
  });

  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (status === 401 || status === 403) {
      flash("You may not do this, or you are no longer signed in. Reload the page.", "red");
    } else if (status === 404) {
      flash("What you asked for is no longer there. Reload the page.", "amber");
    } else {
      flash("The portal could not do this. Nothing was lost; try again in a moment.", "red");
    }
  });
  document.addEventListener("htmx:sendError", () => {
    flash("The portal does not answer. Check the connection and try again.", "red");
  });

  // htmx keeps the last address in the tab, search words and all; pages without a frame (signing in and out) drop it.
  if (!announcer()) sessionStorage.clear();

  // Menus made of <details> close as menus do.
  const menus = ".user-menu[open], .topbar-menu[open], .confirm[open]";
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(menus)) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll(menus)) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  // A second click on the same button does not send the form twice. After a few seconds, or coming back with
  // Back, it can be sent again: the answer may have been a file, or lost on the way.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
    // The page stays when a file comes, and the next click asks for another one.
    if (form.hasAttribute("data-gives-files")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 4000);
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
})();
