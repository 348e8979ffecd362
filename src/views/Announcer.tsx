import { useEffect, useRef, useState } from 'react';
import type { AppState } from '../state/appState.ts';
import { progressWords } from './Progress.tsx';
import { useActions, useApp } from './StoreContext.tsx';
import { typeIntoTextBox } from './textBox.ts';

/** Speech is slow: at most one message in this time. */
const PAUSE_MS = 5000;
const NOTICE_MS = 8000;

/** What a person who cannot see the page should hear about now. */
export function statusWords(state: AppState, modelId: string): string {
  if (state.load.status === 'loading') return progressWords(state.load.name, state.load.progress);
  if (state.boot.status === 'loading') return progressWords(modelId, state.boot.progress);
  if (state.boot.status === 'failed' || !state.model) return '';
  if (state.generation.status === 'running') return 'Continuing the text.';
  if (state.reading.status === 'tooLong') return `The text is ${state.reading.tokens - state.reading.allowed} tokens too long.`;
  if (state.reading.status === 'done' && state.analysis) return `${state.model.id}: ${state.analysis.before.ids.length} tokens read.`;
  return `${state.model.id} is open.`;
}

export function LiveStatus({ modelId }: { modelId: string }) {
  const words = useApp((s) => statusWords(s, modelId));
  const [said, setSaid] = useState('');
  const last = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, last.current + PAUSE_MS - performance.now());
    const timer = setTimeout(() => {
      last.current = performance.now();
      setSaid(words);
    }, wait);
    return () => clearTimeout(timer);
  }, [words]);
  return (
    <p role="status" className="visually-hidden">
      {said}
    </p>
  );
}

/** A passing message with a way back. */
export function NoticeBar() {
  const notice = useApp((s) => s.notice);
  const stillTrue = useApp((s) => s.notice !== null && (s.notice.undo === 'edits' || s.notice.undo.textAfter === s.text));
  const { setNotice, setText, undo } = useActions();
  useEffect(() => {
    if (!notice) return;
    const timer = setTimeout(() => setNotice(null), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [notice, setNotice]);
  if (!notice) return null;
  const takeBack = () => {
    if (notice.undo === 'edits') undo();
    else if (!typeIntoTextBox(notice.undo.textBefore, true)) setText(notice.undo.textBefore);
    setNotice(null);
  };
  return (
    <div className="notice" role="status">
      <span>{notice.text}</span>
      {stillTrue && (
        <button type="button" className="button-small" onClick={takeBack}>
          Undo
        </button>
      )}
    </div>
  );
}
