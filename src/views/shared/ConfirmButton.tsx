import { useEffect, useRef, useState } from 'react';

interface ConfirmButtonProps {
  label: string;
  question: string;
  onConfirm: () => void;
  disabled?: boolean;
  /** Said in place of the label to those who do not see what it stands beside. */
  name?: string;
}

/** A button that asks once more before something is lost. Esc, or going elsewhere, means no. */
export function ConfirmButton({ label, question, onConfirm, disabled = false, name }: ConfirmButtonProps) {
  const [asking, setAsking] = useState(false);
  const no = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (asking) no.current?.focus();
  }, [asking]);
  if (!asking) {
    return (
      <button type="button" className="button-small" disabled={disabled} aria-label={name} onClick={() => setAsking(true)}>
        {label}
      </button>
    );
  }
  return (
    <span
      className="confirm"
      role="group"
      aria-label={question}
      onKeyDown={(e) => e.key === 'Escape' && setAsking(false)}
      onBlur={(e) => !e.currentTarget.contains(e.relatedTarget) && setAsking(false)}
    >
      <span>{question}</span>
      <button
        type="button"
        className="button-small button-danger"
        onClick={() => {
          setAsking(false);
          onConfirm();
        }}
      >
        {label}
      </button>
      <button ref={no} type="button" className="button-small" onClick={() => setAsking(false)}>
        No
      </button>
    </span>
  );
}
