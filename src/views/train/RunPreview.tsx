import { useId, useState } from 'react';
import { formatBytes, formatCount, formatInteger } from '../../charts/format.ts';
import type { ModelInfo } from '../../api/model.ts';
import { groupWords, streamWords } from '../../state/train/preview.ts';
import { runHere } from '../../state/train/state.ts';
import { estimateKey } from '../../state/train/trainingEstimates.ts';
import type { ReadForm, TrainingForm } from '../../state/train/trainingForm.ts';
import { durationWords } from '../../state/train/trainingWords.ts';
import { FactList } from '../shared/FactList.tsx';
import { Failure } from '../shared/Panel.tsx';
import { useTraining, useTrainingActions } from './TrainingContext.tsx';

interface RunPreviewProps {
  model: ModelInfo;
  form: TrainingForm;
  read: ReadForm;
}

/** What the run will be, beside the form, and the button that begins it. */
export function RunPreview({ model, form, read }: RunPreviewProps) {
  const id = useId();
  return (
    <aside className="run-preview" aria-labelledby={id}>
      <h3 id={id}>This run</h3>
      <p>
        <strong>{formatInteger(read.count)}</strong> {read.count === 1 ? 'dictionary' : 'dictionaries'} of {model.id}
      </p>
      <ul className="preview-groups">
        {form.dictionaries.map((group, i) => (
          <li key={i}>{groupWords(group, model)}</li>
        ))}
      </ul>
      <p className="hint">{streamWords(form)}</p>
      <Estimate model={model} config={read.config} />
      <Start read={read} />
    </aside>
  );
}

/** Time and memory on this device, when they are known. */
function Estimate({ model, config }: { model: ModelInfo; config: ReadForm['config'] }) {
  const key = config ? estimateKey(config, model) : '';
  const state = useTraining((s) => s.estimates[key]);
  const going = useTraining((s) => runHere(s.runs) !== undefined);
  if (!config) return null;
  if (state?.status === 'failed') return <p className="hint">{state.message}</p>;
  if (state?.status !== 'done')
    return <p className="hint">{going ? 'Its time is measured when no run goes on.' : 'Measuring how long it takes here…'}</p>;
  const { seconds, bytes, tokensPerSecond } = state.estimate;
  const facts: [string, string][] = [
    ['time here', `about ${durationWords(seconds)}`],
    ['memory', formatBytes(bytes)],
    ['speed', `${formatCount(Math.round(tokensPerSecond))} tokens/s`],
  ];
  return <FactList className="run-facts" facts={facts} />;
}

function Start({ read }: { read: ReadForm }) {
  const starting = useTraining((s) => s.busy.new !== undefined);
  const failure = useTraining((s) => s.failures.new);
  const going = useTraining((s) => runHere(s.runs));
  const elsewhere = useTraining((s) => s.runs.status === 'done' && s.runs.list.some(({ state }) => state === 'elsewhere'));
  const { start } = useTrainingActions();
  const [pressed, setPressed] = useState(false);
  const wrong = Object.keys(read.problems).length;
  const hindrance = hindranceWords(going !== undefined, elsewhere, wrong);
  return (
    <>
      {failure !== undefined && <Failure message={failure} />}
      <button
        type="button"
        className="button-main"
        disabled={starting || going !== undefined || elsewhere}
        onClick={() => {
          setPressed(true);
          if (read.config) void start();
        }}
      >
        {starting ? 'Starting…' : 'Train'}
      </button>
      {hindrance !== '' && (
        <p className={wrong > 0 && pressed ? 'field-problem' : 'hint'} role={pressed && wrong > 0 ? 'alert' : undefined}>
          {hindrance}
        </p>
      )}
    </>
  );
}

function hindranceWords(going: boolean, elsewhere: boolean, wrong: number): string {
  if (going) return 'A run goes on. One trains at a time: pause or stop it first.';
  if (elsewhere) return 'A run goes on in another tab of this page. One trains at a time.';
  if (wrong === 0) return '';
  return `${wrong === 1 ? 'One setting is' : `${wrong} settings are`} wrong; the note stands beside it.`;
}
