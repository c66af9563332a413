// A review and its editor: text that is kept while it is typed, comments on marked words, the fact behind a figure, keys.
// Everything here has a way without it: a button, a link, a list.
"use strict";

(() => {
  const say = (sentence) => document.dispatchEvent(new CustomEvent("announce", { detail: { value: sentence } }));
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const show = (place) => place.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });

  // The editor: what is typed goes to the server by htmx, at rest; here is what goes wrong on the way.

  const form = document.getElementById("section-form");
  const text = form?.elements.namedItem("text");
  if (text) {
    const status = document.getElementById("kept");
    let isUnkept = false;
    let isSaving = false;
    let kept = text.value;

    const tell = (sentence) => {
      status.textContent = sentence;
    };
    const keepNow = () => text.dispatchEvent(new Event("keep"));
    const nextTurn = () => {
      const turn = form.elements.namedItem("turn");
      turn.value = String(Number(turn.value || 0) + 1);
      return turn.value;
    };

    text.addEventListener("input", () => {
      isUnkept = true;
    });
    text.addEventListener("htmx:configRequest", (event) => {
      event.detail.parameters.set("turn", nextTurn());
      kept = text.value;
    });
    text.addEventListener("htmx:afterRequest", (event) => {
      if (event.detail.successful) isUnkept = text.value !== kept;
    });
    // A page to sign in on is no answer: the text stays where it is.
    text.addEventListener("htmx:beforeSwap", (event) => {
      const answered = new URL(event.detail.xhr.responseURL || location.href).pathname;
      if (answered === event.detail.pathInfo.requestPath) return;
      event.detail.shouldSwap = false;
      isUnkept = true;
      tell("Not saved: you are signed out. Your text is still here. Sign in in another tab, then go on typing.");
    });
    const again = () => {
      isUnkept = true;
      tell("Not saved: the portal does not answer. Your text is still here, and is sent again in a moment.");
      setTimeout(() => isUnkept && keepNow(), 8000);
    };
    text.addEventListener("htmx:sendError", again);
    text.addEventListener("htmx:responseError", again);

    for (const radio of document.querySelectorAll("[name=reader]")) radio.addEventListener("change", keepNow);
    // htmx listens once it has read the page.
    if (form.hasAttribute("data-unkept")) document.addEventListener("htmx:load", keepNow, { once: true });

    // What was typed in the last moment before the tab is closed is sent on the way out.
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState !== "hidden" || !isUnkept || isSaving) return;
      nextTurn();
      const leaving = new FormData(form);
      leaving.set("leaving", "1");
      if (navigator.sendBeacon(text.getAttribute("hx-post"), leaving)) isUnkept = false;
    });
    form.addEventListener("submit", () => {
      isSaving = true;
    });
    window.addEventListener("beforeunload", (event) => {
      if (isUnkept && !isSaving) event.preventDefault();
    });

    document.addEventListener("htmx:afterSettle", (event) => {
      const fresh = event.detail.elt;
      if (fresh.id !== "checked") return;
      const open = fresh.dataset.open || "0";
      if (form.dataset.open !== undefined && form.dataset.open !== open && !fresh.dataset.announce) {
        say(open === "0" ? "Everything is traced to a fact." : `${open} not traced to a fact.`);
      }
      form.dataset.open = open;
    });
    form.dataset.open = document.getElementById("checked").dataset.open || "0";

    document.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
      if (event.key === "s") form.requestSubmit(form.querySelector("button.primary"));
      else if (event.key === "Enter") keepNow();
      else return;
      event.preventDefault();
    });
  }

  // The fact behind a figure opens under the passage that states it.

  const closeNote = () => {
    const note = document.querySelector(".fact-note");
    if (!note) return null;
    const link = document.querySelector("a.fact[aria-expanded=true]");
    link?.setAttribute("aria-expanded", "false");
    note.remove();
    return link;
  };
  document.addEventListener("click", (event) => {
    const link = event.target.closest(".document a.fact");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const fact = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (!fact) return;
    event.preventDefault();
    const wasOpen = link.getAttribute("aria-expanded") === "true";
    closeNote();
    if (wasOpen) return;
    const note = document.createElement("aside");
    note.className = "fact-note no-print";
    note.setAttribute("aria-label", "Where this figure comes from");
    for (const child of fact.childNodes) note.append(child.cloneNode(true));
    const passage = link.closest("p, li, td, th, div");
    if (passage.matches("li, td, th")) passage.append(note);
    else passage.after(note);
    link.setAttribute("aria-expanded", "true");
    say(note.textContent.trim().replace(/\s+/g, " "));
  });

  // Words that are marked when a comment is asked for are what it is about.

  let marked = null;
  const selected = () => {
    const selection = document.getSelection();
    if (!selection || selection.isCollapsed || !selection.rangeCount) return null;
    const start = selection.getRangeAt(0).startContainer;
    const place = (start.nodeType === Node.ELEMENT_NODE ? start : start.parentElement)?.closest("[data-place]");
    return place ? { place, words: selection.toString() } : null;
  };
  const ready = () => document.querySelectorAll(".remark-add.is-ready");
  document.addEventListener("selectionchange", () => {
    const now = selected();
    for (const link of ready()) link.classList.remove("is-ready");
    now?.place.querySelector(".remark-add")?.classList.add("is-ready");
  });
  // Pressing the button takes the mark away before the click comes.
  document.addEventListener("pointerdown", () => {
    marked = selected();
  }, true);
  document.addEventListener("htmx:configRequest", (event) => {
    const link = event.detail.elt;
    if (!link.matches(".remark-add")) return;
    const of = selected() ?? marked;
    if (of?.place.contains(link)) event.detail.parameters.set("quote", of.words.replace(/Comment on .*$/s, ""));
    marked = null;
  });
  let askedFrom = null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.matches?.(".remark-add")) askedFrom = event.detail.elt;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt.id !== "comment-form") return;
    event.detail.elt.querySelector("textarea")?.focus();
  });
  const closeForm = () => {
    const open = document.querySelector("section#comment-form");
    if (!open) return false;
    const empty = document.createElement("div");
    empty.id = "comment-form";
    empty.hidden = true;
    open.replaceWith(empty);
    askedFrom?.focus();
    return true;
  };
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-closes=comment-form]") || !askedFrom) return;
    event.preventDefault();
    closeForm();
  });

  // Keys. Single letters can be switched off (WCAG 2.1.4); the choice is a cookie, so that it holds on every page.

  const help = document.getElementById("shortcuts");
  if (!help) return;
  const choice = help.querySelector("[data-single-keys]");
  choice.checked = !document.cookie.split("; ").includes("single_keys=off");
  choice.addEventListener("change", () => {
    document.cookie = `single_keys=${choice.checked ? "on" : "off"}; path=/; max-age=31536000; samesite=strict`;
  });
  const openHelp = () => help.showModal();
  for (const button of document.querySelectorAll("[data-opens=shortcuts]")) {
    button.hidden = false;
    button.addEventListener("click", openHelp);
  }
  help.querySelector("[data-closes-dialog]").addEventListener("click", () => help.close());

  const step = (by) => {
    const places = [...document.querySelectorAll(".document mark.finding:not(.is-vouched), .document a.remark-number")];
    if (!places.length) return say("There is no mark in this text.");
    const at = places.indexOf(document.activeElement);
    const next = places[at < 0 ? (by > 0 ? 0 : places.length - 1) : (at + by + places.length) % places.length];
    if (!next.matches("a")) next.tabIndex = -1;
    next.focus({ preventScroll: true });
    show(next);
  };
  const inView = (selector) => {
    const own = document.activeElement.closest?.(selector);
    if (own) return own;
    const top = (place) => place.getBoundingClientRect().top;
    const all = [...document.querySelectorAll(selector)];
    return all.find((place) => top(place) >= 0) ?? all.at(-1);
  };
  const comment = () => {
    const place = selected()?.place ?? inView("[data-place]");
    place?.querySelector(".remark-add")?.click();
  };
  const edit = () => {
    const own = [...document.querySelectorAll(".part-edit")];
    const above = own.filter((link) => link.getBoundingClientRect().top < window.innerHeight / 2);
    (above.at(-1) ?? own[0])?.click();
  };
  const go = (selector) => document.querySelector(selector)?.click();
  const actions = {
    "?": openHelp,
    n: () => step(1),
    p: () => step(-1),
    c: comment,
    e: edit,
    v: () => go("[data-compares]"),
    b: () => text && go("a.crumb"),
    t: () => text?.focus(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (event.key === "Escape") {
      const link = closeNote();
      if (link) link.focus();
      else if (!closeForm() && text && document.activeElement === text) text.blur();
      return;
    }
    if (event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]")) return;
    if (!choice.checked && event.key !== "?") return;
    const tabs = document.querySelectorAll("[data-editor] .tabs a");
    if (text && /^[1-9]$/.test(event.key) && tabs[Number(event.key) - 1]) tabs[Number(event.key) - 1].click();
    else if (Object.hasOwn(actions, event.key)) actions[event.key]();
    else return;
    event.preventDefault();
  });
})();
