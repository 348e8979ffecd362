import { formatInteger } from '../../charts/format.ts';
import { linkState } from '../../state/explore/linkFacts.ts';
import { encodeLink } from '../../state/shared/link.ts';
import { CompareButton } from './ComparePanel.tsx';
import { Failure, Panel } from '../shared/Panel.tsx';
import { useActions, useApp, useAppStore } from './store.ts';
import { CopyButton } from '../shared/CopyButton.tsx';
import { useGrowingBox } from './growingBox.ts';
import { SampleChoice } from './SampleChoice.tsx';
import { TEXT_BOX_ID } from './textBox.ts';

const MAX_BOX_PX = 320;

export function TextPanel() {
  const text = useApp((s) => s.text);
  const reading = useApp((s) => s.reading);
  const { setText, openSample } = useActions();
  const box = useGrowingBox(text, MAX_BOX_PX);
  return (
    <Panel
      title="Text"
      className="panel-text"
      aside={
        <>
          <CompareButton />
          <SampleChoice label="Replace the text with a sample" onChoose={(sample) => void openSample(sample)} />
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

function TokenCount() {
  const count = useApp((s) => (s.reading.status === 'empty' ? 0 : (s.analysis?.before.ids.length ?? null)));
  const failed = useApp((s) => s.reading.status === 'failed');
  const known = useApp((s) => s.analysis?.known.count ?? 0);
  const windows = useApp((s) => s.analysis?.windows.length ?? 1);
  const whole = useApp((s) => s.analysis?.whole !== false);
  const allowed = useApp((s) => s.model?.n_ctx);
  if (allowed === undefined) return 'Counted when the model is open';
  if (count === null) return failed ? 'Tokens not counted' : 'Counting tokens…';
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
