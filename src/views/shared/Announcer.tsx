import { useEffect, useState } from 'react';
import type { AppState, Notice } from '../../state/appState.ts';
import { progressWords } from './Progress.tsx';
import { Spoken } from './Spoken.tsx';
import { useActions, useApp } from './StoreContext.tsx';
import { typeIntoTextBox } from '../explore/textBox.ts';

const NOTICE_MS = 8000;
/** Slow reading. */
const MS_A_CHARACTER = 80;

/** What a person who cannot see the page should hear about now. */
export function statusWords(state: AppState, modelId: string): string {
  if (state.load.status === 'loading') return progressWords(state.load.name, state.load.progress);
  if (state.boot.status === 'loading') return progressWords(modelId, state.boot.progress);
  if (state.boot.status === 'failed' || !state.model) return '';
  if (state.generation.status === 'running') return 'Continuing the text.';
  if (state.reading.status === 'done' && state.analysis) return `${state.model.id}: ${state.analysis.before.ids.length} tokens read.`;
  return `${state.model.id} is open.`;
}

export function LiveStatus({ modelId }: { modelId: string }) {
  const words = useApp((s) => statusWords(s, modelId));
  return <Spoken words={words} />;
}

/** A passing message with a way back. It stays while the pointer or the keyboard is on it. */
export function NoticeBar() {
  const notice = useApp((s) => s.notice);
  const undoable = useApp((s) => s.notice !== null && stillTrue(s.notice, s.text));
  const { setNotice, setText, undo } = useActions();
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (!notice || held) return;
    const timer = setTimeout(() => setNotice(null), Math.max(NOTICE_MS, notice.text.length * MS_A_CHARACTER));
    return () => clearTimeout(timer);
  }, [notice, held, setNotice]);
  if (!notice) return null;
  const takeBack = () => {
    close();
    if (notice.undo === null) return;
    if (notice.undo === 'edits') undo();
    else if ('run' in notice.undo) notice.undo.run();
    else if (!typeIntoTextBox(notice.undo.textBefore, true)) setText(notice.undo.textBefore);
  };
  const close = () => {
    setHeld(false);
    setNotice(null);
  };
  return (
    <div
      className="notice"
      role="status"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span>{notice.text}</span>
      <span className="notice-tools">
        {undoable && (
          <button type="button" className="button-small" onClick={takeBack}>
            Undo
          </button>
        )}
        <button type="button" className="button-small button-quiet" aria-label="Dismiss" onClick={close}>
          ×
        </button>
      </span>
    </div>
  );
}

/** Whether taking it back would still take back what the notice tells of. */
function stillTrue({ undo }: Notice, text: string): boolean {
  if (undo === null) return false;
  return undo === 'edits' || 'run' in undo || undo.textAfter === text;
}
