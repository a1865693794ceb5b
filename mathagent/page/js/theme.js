// Light or dark: as the system has it, or as the reader chose.

const NAMES = { auto: "Auto", light: "Light", dark: "Dark" };
const NEXT = { auto: "dark", dark: "light", light: "auto" };
const KEY = "mathagent-theme";

/** Follow the choice of last time, and let the button change it. Gives the function that changes it. */
export function startTheme(pressed) {
  let theme = remembered();
  const apply = () => {
    document.documentElement.dataset.theme = theme;
    pressed.textContent = `Theme: ${NAMES[theme]}`;
  };
  const change = () => {
    theme = NEXT[theme];
    remember(theme);
    apply();
  };
  pressed.addEventListener("click", change);
  apply();
  return change;
}

function remembered() {
  try {
    const found = localStorage.getItem(KEY);
    return found in NAMES ? found : "auto";
  } catch {
    return "auto"; // a page from a file may have no storage
  }
}

function remember(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // it lasts until the page is closed
  }
}
