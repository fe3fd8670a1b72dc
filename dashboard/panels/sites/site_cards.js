// The cards of all sites, in blocks: the first is drawn at once, the others one block a frame, near
// the screen before the rest, so that hundreds of sites are in the page and no frame has to draw
// many of them.
import { html, useEffect, useMemo, useRef, useState } from "../../lib/html.js";
import { useApp } from "../../lib/state/context.js";
import { inTurn } from "../../lib/in_turn.js";
import { SiteCard, useHeldFocus } from "./site_card.js";

/** Cards of a block: whole rows of one, two, three and four columns. */
const BLOCK = 12;
/** Blocks that are drawn with the page: they fill the screen. */
const FIRST = 3;
/** How far from the screen numbers are drawn. */
const NEAR = "300px";

/**
 * @typedef {object} Shown
 * @property {readonly import("../../lib/state/context.js").Site[]} sites
 * @property {ReadonlyMap<string, import("../../lib/ask/answers.js").ShownSite>} bySite
 * @property {boolean} failed
 * @property {boolean} stale
 * @property {ReadonlySet<string>} pins
 */

/** @typedef {{ onPin: (id: string) => void }} Pinning */

/** @param {Shown & Pinning} props */
export function SiteCards({ sites, bySite, failed, stale, pins, onPin }) {
  useHeldFocus();
  // Blocks that a search leaves empty stay: they are cleared in turn, too.
  const most = useRef(0);
  const blocks = useMemo(() => {
    most.current = Math.max(most.current, Math.ceil(sites.length / BLOCK));
    return Array.from(
      { length: most.current },
      (_, at) => sites.slice(at * BLOCK, (at + 1) * BLOCK),
    );
  }, [sites]);
  return html`
    <div class="site-cards">
      ${blocks.map((block, at) =>
        html`
          <${Block} key=${at} sites=${block} bySite=${bySite} failed=${failed}
            stale=${stale}
            pins=${pins} onPin=${onPin} first=${at < FIRST} leads=${at === 0} />
        `
      )}
    </div>
  `;
}

/**
 * Twelve cards, which show what they last did until their turn comes, and no numbers before they
 * were near the screen.
 * @param {Shown & Pinning & { first: boolean, leads: boolean }} props
 */
function Block({ sites, bySite, failed, stale, pins, onPin, first, leads }) {
  const { t, navigate } = useApp();
  const place = useRef(/** @type {HTMLElement | null} */ (null));
  const [near, setNear] = useState(false);
  const wasNear = useRef(false);
  wasNear.current ||= near;
  const latest = useMemo(
    () => ({ sites, bySite, failed, stale, pins }),
    [sites, bySite, failed, stale, pins],
  );
  const [turn, setTurn] = useState(/** @type {Shown | null} */ (null));
  const shown = useRef(/** @type {Shown | null} */ (first ? latest : null));
  if (leads || turn === latest) shown.current = latest;
  const now = shown.current;
  useEffect(
    () => now === latest ? undefined : inTurn(() => setTurn(latest), { first: near }),
    [now === latest, latest, near],
  );
  useEffect(() => {
    if (!place.current) return;
    let takeBack = () => {};
    const watch = new IntersectionObserver((entries) => {
      // A quick scroll may tell of both in and out at once: the last is how it is.
      const isNear = entries.at(-1)?.isIntersecting ?? false;
      takeBack();
      takeBack = inTurn(() => setNear(isNear), { first: true });
    }, { rootMargin: NEAR });
    watch.observe(place.current);
    return () => {
      takeBack();
      watch.disconnect();
    };
  }, []);
  return useMemo(() =>
    html`
      <div ref=${place} class="site-block" hidden=${sites.length === 0}
        style=${{ "--cards": sites.length }}>
        ${now?.sites.map((site) =>
          html`
            <${SiteCard} key=${site.site_id} site=${site} numbers=${now.bySite.get(
              site.site_id,
            )} failed=${now.failed}
              stale=${now.stale} pinned=${now.pins.has(site.site_id)}
              onPin=${onPin} near=${wasNear.current} app=${{ t, navigate }} />
          `
        )}
      </div>
    `, [now, sites.length, wasNear.current, onPin, t, navigate]);
}
