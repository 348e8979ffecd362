import { Suspense, useEffect } from 'react';
import { useGrowingBox } from './growingBox.ts';
import { laterPart } from '../shared/later.tsx';
import { Empty, Failure, Panel, Skeleton } from '../shared/Panel.tsx';
import { SampleChoice } from './SampleChoice.tsx';
import { useActions, useApp } from './store.ts';

/** Fetched when there is a second text: the first paint does without it. */
const SecondText = laterPart<{ text: string }>(() => import('./SecondText.tsx').then((m) => m.SecondText));
const DifferencesPanel = laterPart<object>(() => import('./DifferencesPanel.tsx').then((m) => m.DifferencesPanel));

/** In a column of its own, beside the features. */
export function Differences() {
  const open = useApp((s) => s.compare !== null && s.compare.text !== '');
  return (
    open && (
      <Suspense fallback={null}>
        <DifferencesPanel />
      </Suspense>
    )
  );
}

const MAX_BOX_PX = 240;

/** Opens the second text. */
export function CompareButton() {
  const open = useApp((s) => s.compare !== null);
  const { setCompare } = useActions();
  if (open) return null;
  return (
    <button type="button" className="button-small" onClick={() => setCompare('')}>
      Compare with another text
    </button>
  );
}

/** The second text and its tokens, coloured by the same feature as the first. */
export function ComparePanel() {
  const compare = useApp((s) => s.compare);
  if (!compare) return null;
  return <Open text={compare.text} />;
}

function Open({ text }: { text: string }) {
  const task = useApp((s) => s.compareTask);
  const { setCompare, openSample } = useActions();
  const box = useGrowingBox(text, MAX_BOX_PX);
  // Opened by a button: the person means to write. A link that brings a text along leaves the page as it is.
  useEffect(() => {
    if (box.current?.value === '') box.current.focus();
  }, [box]);
  return (
    <Panel
      title="Second text"
      className="panel-compare"
      busy={task.status === 'running'}
      aside={
        <>
          <SampleChoice label="Compare with a sample" onChoose={(sample) => void openSample(sample, 'second')} />
          <button type="button" className="button-small" onClick={() => setCompare(null)}>
            Close
          </button>
        </>
      }
    >
      <textarea
        ref={box}
        value={text}
        rows={2}
        spellCheck={false}
        aria-label="Second text, to compare with the first"
        placeholder="Type or paste a text to compare with the first."
        onChange={(e) => setCompare(e.target.value)}
      />
      {task.status === 'failed' && <Failure message={task.message} />}
      {text === '' ? (
        <Empty>Features are then listed by how much they differ between the two texts.</Empty>
      ) : (
        <Suspense fallback={<Skeleton lines={2} />}>
          <SecondText text={text} />
        </Suspense>
      )}
    </Panel>
  );
}
