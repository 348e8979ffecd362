import { useLayoutEffect, useRef } from 'react';
import { formatInteger } from '../charts/format.ts';
import { linkState } from '../state/addressBar.ts';
import { encodeLink } from '../state/link.ts';
import { SAMPLES, type Sample } from '../state/samples.ts';
import { CompareButton } from './ComparePanel.tsx';
import { Failure, Panel } from './Panel.tsx';
import { useActions, useApp, useAppStore } from './StoreContext.tsx';
import { CopyButton } from './CopyButton.tsx';
import { TEXT_BOX_ID } from './textBox.ts';

const MAX_BOX_PX = 320;
const LONG_CHARACTERS = 6000;

export function TextPanel() {
  const text = useApp((s) => s.text);
  const reading = useApp((s) => s.reading);
  const { setText, openSample } = useActions();
  const box = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const area = box.current;
    if (!area) return;
    // Measuring lays the whole text out anew: a long one has the full height anyway.
    if (text.length > LONG_CHARACTERS) area.style.height = `${MAX_BOX_PX}px`;
    else {
      area.style.height = 'auto';
      area.style.height = `${Math.min(MAX_BOX_PX, area.scrollHeight + 2)}px`;
    }
  }, [text]);
  return (
    <Panel
      title="Text"
      className="panel-text"
      aside={
        <>
          <CompareButton />
          <Samples onChoose={(sample) => void openSample(sample)} />
        </>
      }
    >
      <textarea
        id={TEXT_BOX_ID}
        ref={box}
        value={text}
        rows={3}
        dir="auto"
        spellCheck={false}
        aria-label="Text the model reads"
        aria-describedby="text-count"
        placeholder="Type or paste any text."
        onChange={(e) => setText(e.target.value)}
      />
      <div className="text-foot">
        <p id="text-count" className="text-count">
          <TokenCount />
        </p>
        <CopyLink />
      </div>
      {reading.status === 'failed' && <Failure message={reading.message} />}
    </Panel>
  );
}

function Samples({ onChoose }: { onChoose: (sample: Sample) => void }) {
  return (
    <select
      className="samples"
      aria-label="Replace the text with a sample"
      value=""
      onChange={(e) => onChoose(SAMPLES[Number(e.target.value)])}
    >
      <option value="" disabled>
        Samples…
      </option>
      {SAMPLES.map((sample, i) => (
        <option key={sample.name} value={i}>
          {sample.name}
        </option>
      ))}
    </select>
  );
}

function TokenCount() {
  const count = useApp((s) => (s.reading.status === 'empty' ? 0 : (s.analysis?.before.ids.length ?? null)));
  const known = useApp((s) => s.analysis?.known.count ?? 0);
  const windows = useApp((s) => s.analysis?.windows.length ?? 1);
  const whole = useApp((s) => s.analysis?.whole !== false);
  const allowed = useApp((s) => s.model?.n_ctx);
  if (allowed === undefined) return 'Counted when the model is open';
  if (count === null) return 'Counting tokens…';
  if (windows === 1 && whole) return `${formatInteger(count)} of ${formatInteger(allowed)} tokens`;
  const read = known < count ? `${formatInteger(known)} of ${formatInteger(count)} tokens read` : `${formatInteger(count)} tokens`;
  return `${read}, in ${formatInteger(windows)} windows of at most ${formatInteger(allowed)}${
    whole ? '' : `. The text goes on: of a longer one, the first ${formatInteger(count)} tokens are read`
  }`;
}

/** The whole view as an address. */
function CopyLink() {
  const withText = useApp((s) => s.linkHasText);
  const store = useAppStore();
  const link = () => `${location.origin}${location.pathname}${encodeLink(linkState(store.getState())).hash}`;
  return (
    <div className="text-link">
      {!withText && <span className="hint">The text is too long for a link; the rest goes into it.</span>}
      <CopyButton label="Copy link" text={link} />
    </div>
  );
}
