// The keyboard: one table from keys to what they do in the view that is shown.

/** Listen. `actions(key)` gives what a key does now, or nothing; keys that are typed into a field are left alone. */
export function startKeys(actions) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    const typing = event.target.matches?.("input, textarea, select");
    if (typing && !["Escape", "ArrowDown", "Enter"].includes(event.key)) return;
    if (ownKeys(event)) return;
    const action = actions(event.key, typing);
    if (!action) return;
    event.preventDefault();
    action();
  });
}

/** Whether the element under the focus needs the key itself: a button its Enter, something that scrolls its arrows. */
function ownKeys({ key, target }) {
  if (["Enter", " "].includes(key)) return Boolean(target.closest?.("a, button, summary"));
  return /^(?:Arrow|Page|Home|End)/u.test(key) && Boolean(target.closest?.("pre"));
}
