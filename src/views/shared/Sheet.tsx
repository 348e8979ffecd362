import { useEffect, useId, useRef, type ReactNode } from 'react';
import { NoticeBar } from './NoticeBar.tsx';

interface SheetProps {
  title: string;
  onClose: () => void;
  children: ReactNode;
  className?: string;
}

/** A dialog over the page: Esc, the button and a click beside it close it; the keyboard goes back to where it was. */
export function Sheet({ title, onClose, children, className = '' }: SheetProps) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus({ preventScroll: true });
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={`sheet ${className}`}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(e) => e.target === dialog.current && onClose()}
    >
      <div className="sheet-body">
        <header className="panel-header">
          <h2 id={id}>{title}</h2>
          <button type="button" className="button-small" onClick={onClose}>
            Close
          </button>
        </header>
        {children}
      </div>
      {/* Nothing outside an open dialog can be clicked or heard, and what is undone is often done in one. */}
      <NoticeBar />
    </dialog>
  );
}
