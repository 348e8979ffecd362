import { formatBytes } from '../../charts/format.ts';
import type { ModelInfo } from '../../api/model.ts';
import { estimateKey } from '../../state/train/trainingEstimates.ts';
import { PRESETS, type Preset } from '../../state/train/presets.ts';
import { readForm } from '../../state/train/trainingForm.ts';
import { durationWords } from '../../state/train/trainingWords.ts';
import { useTraining, useTrainingActions } from './TrainingContext.tsx';

/** Starting points, each with the time it takes on this device. */
export function Presets({ model }: { model: ModelInfo }) {
  const { setForm } = useTrainingActions();
  return (
    <div className="presets" role="group" aria-label="Start from">
      {PRESETS.map((preset) => (
        <button key={preset.name} type="button" className="preset" onClick={() => setForm(preset.form(model))}>
          <strong>{preset.name}</strong>
          <span className="hint">{preset.words}</span>
          <Time preset={preset} model={model} />
        </button>
      ))}
    </div>
  );
}

function Time({ preset, model }: { preset: Preset; model: ModelInfo }) {
  const { config } = readForm(preset.form(model), model, null);
  const key = config ? estimateKey(config, model) : '';
  const state = useTraining((s) => s.estimates[key]);
  if (state?.status === 'failed') return <span className="preset-time hint">Its time could not be measured.</span>;
  if (state?.status !== 'done') return <span className="preset-time hint">Time here: not measured yet</span>;
  return (
    <span className="preset-time">
      about {durationWords(state.estimate.seconds)} here, {formatBytes(state.estimate.bytes)}
    </span>
  );
}
