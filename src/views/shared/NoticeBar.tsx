import { useEffect, useState } from 'react';
import type { Notice } from '../../state/shared/page.ts';
import { useActions, useApp } from './StoreContext.tsx';

const NOTICE_MS = 8000;
/** Slow reading. */
const MS_A_CHARACTER = 80;

/** A passing message with a way back. It stays while the pointer or the keyboard is on it. */
export function NoticeBar() {
  const notice = useApp((s) => s.notice);
  const undoable = useApp((s) => s.notice !== null && canTakeBack(s.notice));
  const { setNotice, undo } = useActions();
  const [held, setHeld] = useState(false);
  // While the first model loads, eyes are elsewhere.
  const loading = useApp((s) => s.boot.status === 'loading');
  useEffect(() => {
    if (!notice || held || loading) return;
    const timer = setTimeout(() => setNotice(null), Math.max(NOTICE_MS, notice.text.length * MS_A_CHARACTER));
    return () => clearTimeout(timer);
  }, [notice, held, loading, setNotice]);
  if (!notice) return null;
  const takeBack = () => {
    close();
    if (notice.undo === null) return;
    if (notice.undo === 'edits') undo();
    else notice.undo.run();
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

function canTakeBack({ undo }: Notice): boolean {
  if (undo === null || undo === 'edits') return undo !== null;
  return undo.stillTrue?.() ?? true;
}
