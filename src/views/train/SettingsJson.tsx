import { useState } from 'react';
import type { TrainConfig } from '../../api/training.ts';
import { sentenceOf } from '../../state/shared/latest.ts';
import { CopyButton } from '../shared/CopyButton.tsx';
import { Failure } from '../shared/Panel.tsx';
import { useTrainingActions } from './TrainingContext.tsx';

/** The settings as the file that `npm run train` takes, to copy and to paste. */
export function SettingsJson({ config }: { config: TrainConfig | null }) {
  const { pasteForm } = useTrainingActions();
  const [pasted, setPasted] = useState('');
  const [failure, setFailure] = useState<string | null>(null);
  const json = config ? JSON.stringify(config, null, 2) : '';
  const use = () => {
    try {
      pasteForm(pasted);
      setPasted('');
      setFailure(null);
    } catch (error) {
      setFailure(sentenceOf(error));
    }
  };
  return (
    <details className="fold">
      <summary>As JSON</summary>
      {config ? (
        <>
          <pre className="config-json" tabIndex={0} aria-label="The settings as JSON">
            {json}
          </pre>
          <div className="menu-buttons">
            <CopyButton label="Copy" text={() => json} />
            <span className="hint">
              The file of <code>npm run train -- --config</code> and the argument of <code>featurescope.train()</code>.
            </span>
          </div>
        </>
      ) : (
        <p className="hint">It is written when every setting is right.</p>
      )}
      <label className="field">
        <span className="field-label">Settings from elsewhere</span>
        <textarea
          className="config-paste"
          rows={3}
          value={pasted}
          placeholder='{ "dictionaries": { "hook": "blocks.3.hook_resid_post" } }'
          spellCheck={false}
          onChange={(e) => setPasted(e.target.value)}
        />
      </label>
      {failure !== null && <Failure message={failure} />}
      <button type="button" className="button-small" disabled={pasted.trim() === ''} onClick={use}>
        Use these
      </button>
    </details>
  );
}
