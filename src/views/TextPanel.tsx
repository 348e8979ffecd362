import { useLayoutEffect, useRef } from 'react';
import { formatInteger } from '../charts/format.ts';
import type { AppState } from '../state/appState.ts';
import { SAMPLES } from '../state/samples.ts';
import { CompareButton } from './ComparePanel.tsx';
import { Failure, Panel } from './Panel.tsx';
import { useActions, useApp } from './StoreContext.tsx';
import { TEXT_BOX_ID, typeIntoTextBox } from './textBox.ts';

const MAX_BOX_PX = 320;

export function TextPanel() {
  const text = useApp((s) => s.text);
  const reading = useApp((s) => s.reading);
  const { setText } = useActions();
  const box = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const area = box.current;
    if (!area) return;
    area.style.height = 'auto';
    area.style.height = `${Math.min(MAX_BOX_PX, area.scrollHeight + 2)}px`;
  }, [text]);
  const replace = (sample: string) => {
    if (!typeIntoTextBox(sample, true)) setText(sample);
  };
  return (
    <Panel
      title="Text"
      className="panel-text"
      aside={
        <>
          <CompareButton />
          <Samples onChoose={replace} />
        </>
      }
    >
      <textarea
        id={TEXT_BOX_ID}
        ref={box}
        value={text}
        rows={3}
        spellCheck={false}
        aria-label="Text the model reads"
        aria-describedby="text-count"
        placeholder="Type or paste any text."
        onChange={(e) => setText(e.target.value)}
      />
      <p id="text-count" className="text-count">
        <TokenCount />
      </p>
      {reading.status === 'tooLong' && (
        <p className="failure">
          This text is {formatInteger(reading.tokens)} tokens long. The model reads at most {formatInteger(reading.allowed)}, so it is{' '}
          {formatInteger(reading.tokens - reading.allowed)} over. What is shown below is still the last text that fitted.
        </p>
      )}
      {reading.status === 'failed' && <Failure message={reading.message} />}
    </Panel>
  );
}

function Samples({ onChoose }: { onChoose: (text: string) => void }) {
  return (
    <select
      className="samples"
      aria-label="Replace the text with a sample"
      value=""
      onChange={(e) => onChoose(SAMPLES[Number(e.target.value)].text)}
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

const tokenCount = (s: AppState): number | null => {
  if (s.reading.status === 'tooLong') return s.reading.tokens;
  if (s.reading.status === 'empty') return 0;
  return s.analysis?.before.ids.length ?? null;
};

function TokenCount() {
  const count = useApp(tokenCount);
  const allowed = useApp((s) => s.model?.n_ctx);
  if (count === null || allowed === undefined) return 'Counted when the model is open';
  return `${formatInteger(count)} of ${formatInteger(allowed)} tokens`;
}
