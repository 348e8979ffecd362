import {
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
  type CSSProperties,
  type KeyboardEvent,
  type RefObject,
} from 'react';
import { useActions } from '../shared/StoreContext.tsx';
import { calloutPlace, type Box } from './tourPlace.ts';

interface Stop {
  /** Selector of what is shown; what is not on the page is told of in the middle. */
  at: string;
  title: string;
  words: string;
}

const STOPS: readonly Stop[] = [
  {
    at: '.panel-text',
    title: 'Type any text',
    words: 'The model in this tab reads it while you type; nothing leaves the browser. There are samples to begin with.',
  },
  {
    at: '.panel-strip',
    title: 'What the model sees: tokens',
    words:
      'Each is a piece of the text. Colour says how much it surprised the model, or where a feature fires. Click one to see what the model expects after it.',
  },
  {
    at: '.dictionary-map',
    title: 'A map of the model',
    words:
      'A column for each block, a row for what is read in it. A cell holds dictionaries of features for that place; a full dot says that one is open. Click one to look there.',
  },
  {
    at: '.feature-frame',
    title: 'Features that fire on your text',
    words:
      'Point at one and the tokens show where it fires; click it to pin it. Grey words say what it fires on here; write a better label beside it.',
  },
  {
    at: '[data-screen="train"]',
    title: 'Train your own',
    words: 'Choose a place and a text, and watch a dictionary learn here, in a minute or two. It joins the others on the map.',
  },
];

/** Five stops around the Explore screen, each a note beside what it tells of. */
export function Tour({ onClose }: { onClose: () => void }) {
  const [at, setAt] = useState(0);
  const { show } = useActions();
  const [before] = useState(() => document.activeElement);
  useEffect(() => {
    show('explore');
    return () => {
      // What began the tour may be gone, like the line of a first visit.
      const to =
        before instanceof HTMLElement && before.isConnected && before !== document.body
          ? before
          : document.querySelector<HTMLElement>('[data-screen="explore"]');
      to?.focus({ preventScroll: true });
    };
  }, [show, before]);
  const step = (by: number) => {
    if (at + by >= STOPS.length) onClose();
    else setAt(Math.max(0, at + by));
  };
  return <Note key={at} at={at} onStep={step} onClose={onClose} />;
}

function Note({ at, onStep, onClose }: { at: number; onStep: (by: number) => void; onClose: () => void }) {
  const { at: selector, title, words } = STOPS[at];
  const id = useId();
  const note = useRef<HTMLDivElement>(null);
  const next = useRef<HTMLButtonElement>(null);
  const { lit, place } = useBeside(selector, note);
  const last = at === STOPS.length - 1;
  useEffect(() => next.current?.focus({ preventScroll: true }), []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    onClose();
  };
  return (
    <>
      {lit && <div className="tour-light" style={lit} />}
      <div
        ref={note}
        className="tour-note"
        role="dialog"
        aria-modal="false"
        aria-labelledby={`${id}-title`}
        aria-describedby={`${id}-words`}
        style={place}
        onKeyDown={onKeyDown}
      >
        <h2 id={`${id}-title`}>{title}</h2>
        <p id={`${id}-words`}>{words}</p>
        <div className="tour-foot">
          <span className="hint">
            {at + 1} of {STOPS.length}
          </span>
          <button type="button" className="button-small" onClick={onClose}>
            Close
          </button>
          {at > 0 && (
            <button type="button" className="button-small" onClick={() => onStep(-1)}>
              Back
            </button>
          )}
          <button ref={next} type="button" className="button-small button-main" onClick={() => onStep(1)}>
            {last ? 'Done' : 'Next'}
          </button>
        </div>
      </div>
    </>
  );
}

/** Brings an element into view and follows it: where the light falls, and where the note stands. */
function useBeside(selector: string, note: RefObject<HTMLElement | null>): { lit: CSSProperties | null; place: CSSProperties } {
  const [box, setBox] = useState<Box | null>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const look = useCallback(() => {
    const found = document.querySelector(selector)?.getBoundingClientRect();
    const own = note.current?.getBoundingClientRect();
    setBox(found && found.width > 0 ? { left: found.left, top: found.top, width: found.width, height: found.height } : null);
    if (own) setSize({ width: own.width, height: own.height });
  }, [selector, note]);
  useLayoutEffect(() => {
    bringIntoView(document.querySelector(selector));
    const first = requestAnimationFrame(look);
    addEventListener('scroll', look, true);
    addEventListener('resize', look);
    // Texts and lists go on growing while they are read.
    const timer = setInterval(look, 300);
    return () => {
      removeEventListener('scroll', look, true);
      removeEventListener('resize', look);
      cancelAnimationFrame(first);
      clearInterval(timer);
    };
  }, [selector, look]);
  const view = { width: document.documentElement.clientWidth, height: innerHeight };
  return {
    lit: box && { left: box.left - 4, top: box.top - 4, width: box.width + 8, height: box.height + 8 },
    // Not seen before it is measured.
    place: { ...calloutPlace(box, size, view), opacity: size.width > 0 ? 1 : 0 },
  };
}

function bringIntoView(element: Element | null): void {
  const box = element?.getBoundingClientRect();
  const top = document.querySelector('.app-top');
  if (!box || !element || top?.contains(element)) return;
  const head = top?.getBoundingClientRect().height ?? 0;
  if (box.top < head + 8 || box.bottom > innerHeight * 0.65) scrollBy({ top: box.top - head - 12 });
}
