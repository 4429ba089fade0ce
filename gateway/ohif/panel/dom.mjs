/** Small helpers to build the panel's DOM. */

/**
 * Creates an element. Properties: `class`, `on` (event → listener), `data-*`, `aria-*` and other attributes; false, null
 * and undefined leave an attribute out. Children: nodes and strings, nested lists, false and null are left out.
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name === 'on') {
      for (const [event, listener] of Object.entries(value)) {
        element.addEventListener(event, listener);
      }
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
  element.append(...children.flat(Infinity).filter(child => child !== false && child !== null && child !== undefined && child !== ''));
  return element;
}

export function button(text, action, props = {}) {
  return h('button', { type: 'button', class: 'mcc-button', ...props, on: { click: action } }, text);
}

/** Replaces the children only when they differ, so that the focus and a screen reader's place are kept. */
export function fill(element, ...children) {
  const next = children.flat(Infinity).filter(child => child !== false && child !== null && child !== undefined);
  const same = element.childNodes.length === next.length && next.every((child, index) =>
    typeof child === 'string' ? element.childNodes[index].nodeType === Node.TEXT_NODE && element.childNodes[index].data === child : element.childNodes[index] === child);
  if (!same) {
    element.replaceChildren(...next);
  }
}
