// A code block with a copy button.
import { html, useEffect, useRef, useState } from "../../lib/html.js";
import { Icon } from "../layout/icon.js";

/** @param {{ text: string, label: string, copy: string, copied: string }} props */
export function CopyBox({ text, label, copy, copied }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 2500);
    return () => clearTimeout(timer);
  }, [done]);
  const code = useRef(/** @type {HTMLElement | null} */ (null));
  const onCopy = () => {
    // Without HTTPS there is no clipboard API: copy the selection instead.
    if (!navigator.clipboard) {
      if (code.current) getSelection()?.selectAllChildren(code.current);
      setDone(document.execCommand("copy"));
    } else navigator.clipboard.writeText(text).then(() => setDone(true), () => {});
  };
  return html`
    <div class="copy-box">
      <pre tabindex="0" aria-label=${label}><code ref=${code}>${text}</code></pre>
      <button type="button" class="button" onClick=${onCopy}>
        <${Icon} name=${done ? "check" : "copy"} />
        <span aria-live="polite">${done ? copied : copy}</span>
      </button>
    </div>
  `;
}
