// What does not fit in an open page: words that are cut or stand over others, fields that are too
// narrow for what they hold, controls that are too small to press.
import type { Page } from "./browser.ts";

/** Names that come from data: where they are cut, their own page or a title has the whole. */
const DATA = ".bar-label, .site-name, .site-card h2, .chip-text, .funnel-step .link, .full th, " +
  ".vitals-body th:first-child, .two-lines, .code-line, .token";

/** A line of text of an element, where it is drawn. */
interface Line {
  readonly of: Element;
  readonly text: string;
  readonly box: DOMRect;
}

/** A text of the page with its element and the boxes of its lines. */
interface Words {
  readonly of: Element;
  readonly text: string;
  readonly boxes: readonly DOMRect[];
}

/**
 * What does not fit, a line each: its kind, the place and the text. An open dialog or sheet is
 * looked at alone. What can be scrolled to is not cut.
 */
export async function misfits(page: Page): Promise<string[]> {
  const found = await page.evaluate<string[]>(`(() => {
    const DATA = ${JSON.stringify(DATA)};
    ${IN_PAGE.map(String).join("\n")}
    const root = rootOf();
    return [
      ...widePage(), ...cutTexts(root), ...coveredTexts(root),
      ...narrowFields(root), ...smallControls(root),
    ];
  })()`);
  return [...new Set(found)];
}

/** The functions below, which run in the page: they use each other and DATA, nothing else. */
const IN_PAGE = [
  rootOf,
  say,
  isSeen,
  hasHiddenHead,
  scrolls,
  wordsOf,
  roomOf,
  linesOf,
  isBare,
  isOver,
  hasRoom,
  widePage,
  cutIn,
  cutTexts,
  coveredTexts,
  widthOf,
  narrowSelect,
  narrowFields,
  pressedSize,
  smallControls,
];

function rootOf(): Element {
  return [...document.querySelectorAll("dialog[open]")].at(-1) ??
    document.querySelector(".sheet") ?? document.body;
}

function say(kind: string, one: Element, text: string): string {
  const names = typeof one.className === "string" ? one.className.trim() : "";
  const name = one.tagName.toLowerCase() + (names === "" ? "" : `.${names.replace(/\s+/g, ".")}`);
  return `${kind}: ${name}: ${text.replace(/\s+/g, " ").trim().slice(0, 60)}`;
}

function isSeen(one: Element): boolean {
  return one.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
    !one.closest(".visually-hidden, .skip") && !hasHiddenHead(one);
}

/** On phones the heads of some tables are there for screen readers alone. */
function hasHiddenHead(one: Element): boolean {
  const head = one.closest("thead");
  return head !== null && getComputedStyle(head).clipPath === "inset(50%)";
}

function scrolls({ overflowX, overflowY }: CSSStyleDeclaration): boolean {
  return [overflowX, overflowY].some((overflow) => overflow === "auto" || overflow === "scroll");
}

/** The texts that are seen, but for the inscriptions of charts. */
function wordsOf(root: Element): Words[] {
  const words: Words[] = [];
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const { parentElement: of, textContent } = node;
    const text = textContent?.trim() ?? "";
    if (text === "" || !of || !isSeen(of)) continue;
    if (of.closest("option, script, style, .chart-ink")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    words.push({ of, text, boxes: [...range.getClientRects()].filter(({ width }) => width > 1) });
  }
  return words;
}

/** What is seen of the boxes around a place that are scrolled. */
function roomOf(one: Element) {
  let room = { left: -Infinity, right: Infinity, top: -Infinity, bottom: Infinity };
  for (let box = one.parentElement; box; box = box.parentElement) {
    if (!scrolls(getComputedStyle(box))) continue;
    const { left, right, top, bottom } = box.getBoundingClientRect();
    room = {
      left: Math.max(room.left, left),
      right: Math.min(room.right, right),
      top: Math.max(room.top, top),
      bottom: Math.min(room.bottom, bottom),
    };
  }
  return room;
}

/** What is seen of the lines of the texts that are not data, from the top. */
function linesOf(root: Element): Line[] {
  const lines: Line[] = [];
  for (const { of, text, boxes } of wordsOf(root)) {
    if (of.closest(DATA)) continue;
    const room = roomOf(of);
    for (const { left, right, top, bottom } of boxes) {
      const x = Math.max(left, room.left);
      const y = Math.max(top, room.top);
      const [width, height] = [Math.min(right, room.right) - x, Math.min(bottom, room.bottom) - y];
      const box = new DOMRect(x, y, width, height);
      if (box.width > 0 && box.height > 4) lines.push({ of, text, box });
    }
  }
  return lines.sort((one, other) => one.box.top - other.box.top);
}

/** Whether nothing of a stack of elements, the topmost first, covers one. */
function isBare(one: Element, stack: readonly Element[]): boolean {
  for (const at of stack) {
    if (at === one || at.contains(one)) return true;
    if (getComputedStyle(at).backgroundColor !== "rgba(0, 0, 0, 0)") return false;
  }
  return false;
}

/** Two texts in one place, and nothing between them that covers the lower one. */
function isOver(one: Line, other: Line): boolean {
  if (one.of.contains(other.of) || other.of.contains(one.of)) return false;
  const left = Math.max(one.box.left, other.box.left);
  const width = Math.min(one.box.right, other.box.right) - left;
  const height = Math.min(one.box.bottom, other.box.bottom) - other.box.top;
  // Lines closer than their own height touch, their letters do not.
  const letters = Math.min(one.box.height, other.box.height) * 0.4;
  if (width <= 2 || height <= Math.max(3, letters)) return false;
  const stack = document.elementsFromPoint(left + width / 2, other.box.top + height / 2);
  return isBare(one.of, stack) && isBare(other.of, stack);
}

/** Whether lines are whole within a box; what is cut above or below counts where `cuts`. */
function hasRoom(box: Element, boxes: readonly DOMRect[], cuts: boolean): boolean {
  const { left, right, top, bottom } = box.getBoundingClientRect();
  return boxes.every((line) =>
    line.left >= left - 1.5 && line.right <= right + 1.5 &&
    (!cuts || (line.top >= top - 4 && line.bottom <= bottom + 4))
  );
}

function widePage(): string[] {
  const over = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  return over > 0 ? [`page: ${over} px too wide`] : [];
}

/** A text is whole within each box that cuts, and within its own. */
function cutIn({ of, text, boxes }: Words): string[] {
  const found: string[] = [];
  let reached = false;
  for (let box: Element | null = of; box && box !== document.body; box = box.parentElement) {
    // Labels of hours reach over the columns beside theirs.
    if (box.matches("svg *, .heat thead th")) continue;
    const style = getComputedStyle(box);
    const cuts = style.overflowX === "hidden" || style.overflowX === "clip";
    const isBox = style.display !== "inline" && style.display !== "contents";
    if (isBox && (cuts || !reached) && !hasRoom(box, boxes, cuts)) {
      found.push(say(cuts ? "cut" : "sticks out", box, text));
    }
    if (isBox) reached = true;
    if (scrolls(style)) break;
  }
  return found;
}

function cutTexts(root: Element): string[] {
  return wordsOf(root).filter(({ of }) => !of.closest(DATA)).flatMap(cutIn);
}

function coveredTexts(root: Element): string[] {
  const found: string[] = [];
  const lines = linesOf(root);
  lines.forEach((one, index) => {
    for (const other of lines.slice(index + 1)) {
      if (other.box.top > one.box.bottom - 3) break;
      if (isOver(one, other)) found.push(say("over", one.of, `${one.text} | ${other.text}`));
    }
  });
  return found;
}

function widthOf(text: string, style: CSSStyleDeclaration): number {
  const measure = document.createElement("canvas").getContext("2d");
  if (!measure) return 0;
  measure.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  return measure.measureText(text).width;
}

/** Choices that are wider than the room of their field. */
function narrowSelect(field: HTMLSelectElement, room: number): string[] {
  const style = getComputedStyle(field);
  // Some are as wide as what is chosen; the longest lists are of time zones.
  const isOne = style.getPropertyValue("field-sizing") === "content" || field.length > 100;
  // Chromium draws an arrow of its own, unless there is none.
  const free = room - (style.appearance === "none" ? 0 : 18);
  return [...(isOne ? field.selectedOptions : field.options)].flatMap(({ text }) => {
    const over = widthOf(text.trim(), style) - free;
    return over > 1 ? [say(`select ${Math.ceil(over)} px`, field, text)] : [];
  });
}

/** Fields too narrow for a choice, or for the words that stand in for a value. */
function narrowFields(root: Element): string[] {
  const fields = root.querySelectorAll<
    HTMLSelectElement | HTMLInputElement | HTMLTextAreaElement
  >("select, input, textarea");
  return [...fields].filter(isSeen).flatMap((field) => {
    const style = getComputedStyle(field);
    const room = field.clientWidth - Number.parseFloat(style.paddingLeft) -
      Number.parseFloat(style.paddingRight);
    if (field instanceof HTMLSelectElement) return narrowSelect(field, room);
    const over = widthOf(field.placeholder, style) - room;
    return field.placeholder !== "" && over > 1
      ? [say(`placeholder ${Math.ceil(over)} px`, field, field.placeholder)]
      : [];
  });
}

/** The pixels that can be pressed; a pseudo-element may reach beyond the box. */
function pressedSize(area: Element): { width: number; height: number } {
  const beyond = ["::before", "::after"].map((part) => getComputedStyle(area, part))
    .filter(({ position }) => position === "absolute")
    .map(({ width, height }) => ({
      width: Number.parseFloat(width),
      height: Number.parseFloat(height),
    }));
  const boxes = [area.getBoundingClientRect(), ...beyond];
  return {
    width: Math.max(...boxes.map(({ width }) => width)),
    height: Math.max(...boxes.map(({ height }) => height)),
  };
}

/** Controls of less than 24 pixels, links within a text aside. */
function smallControls(root: Element): string[] {
  const pressed = "button, a[href], select, summary, input:not([type=hidden]), [role=button]";
  return [...root.querySelectorAll(pressed)].flatMap((one) => {
    const isInText = one.matches("a") && getComputedStyle(one).display === "inline";
    if (!isSeen(one) || one.closest("svg") || isInText) return [];
    const label = one.matches("input") ? one.closest("label") : null;
    const { width, height } = pressedSize(label ?? one);
    return (width < 24 || height < 24) && width > 0
      ? [say(`small ${Math.round(width)}×${Math.round(height)}`, one, one.textContent ?? "")]
      : [];
  });
}
