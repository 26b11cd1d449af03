// ---- settings.js: the drawer's fields, kept as the text that was typed.

const kNumbers = ["temperature", "max_tokens", "top_p", "top_k", "min_p", "seed", "repetition_penalty", "presence_penalty", "frequency_penalty"];

class SettingError extends Error {}

/** The value of a setting that is JSON; undefined where it is empty. */
function parseSetting(settings, name) {
  const text = settings[name]?.trim();
  if (!text) return undefined;
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SettingError(`${name}: ${error.message}`);
  }
  if (name === "tools" && !Array.isArray(value)) throw new SettingError("tools: must be a list");
  if (name !== "tools" && (typeof value !== "object" || value === null || Array.isArray(value))) throw new SettingError(`${name}: must be an object`);
  return value;
}

const settingFields = () => [...document.querySelectorAll("[data-setting]")];

function fillSettings(settings) {
  for (const field of settingFields()) {
    field.value = settings[field.dataset.setting] ?? "";
    checkSetting(field, settings);
  }
}

/** Marks a field whose text means nothing. */
function checkSetting(field, settings) {
  const name = field.dataset.setting;
  let problem = field.validity.valid ? "" : field.validationMessage;
  const line = document.querySelector(`[data-error="${name}"]`);
  if (line) {
    try {
      parseSetting(settings, name);
    } catch (error) {
      problem = error.message;
    }
    line.textContent = problem;
  }
  field.setAttribute("aria-invalid", String(problem !== ""));
}

function onSettingInput(event) {
  const field = event.target.closest("[data-setting]");
  if (!field) return;
  const { settings } = app.conversation;
  if (field.value.trim()) settings[field.dataset.setting] = field.value;
  else delete settings[field.dataset.setting];
  checkSetting(field, settings);
  rememberSettings(settings);
  store.save(app.conversation);
}

/** What a first conversation after a reload begins with. */
function rememberSettings(settings) {
  try {
    localStorage.setItem("loci.settings", JSON.stringify(settings));
  } catch { /* full: they last as long as the page then */ }
}

function recallSettings() {
  try {
    const settings = JSON.parse(localStorage.getItem("loci.settings")) ?? {};
    return Object.fromEntries(Object.entries(settings).filter(([, value]) => typeof value === "string"));
  } catch {
    return {};
  }
}

const kThemes = ["auto", "light", "dark"];

function applyTheme(theme) {
  const known = kThemes.includes(theme) ? theme : "auto";
  if (known === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = known;
  localStorage.setItem("loci.theme", known);
  $("theme").ariaLabel = "Theme: " + (known === "auto" ? "as the system" : known);
}

/** First to what the system is not, then to what it is, then back to following it. */
function nextTheme() {
  const order = matchMedia("(prefers-color-scheme: dark)").matches ? ["auto", "light", "dark"] : ["auto", "dark", "light"];
  const now = document.documentElement.dataset.theme ?? "auto";
  applyTheme(order[(order.indexOf(now) + 1) % 3]);
  announce($("theme").ariaLabel);
}
