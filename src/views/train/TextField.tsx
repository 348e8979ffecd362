import { useId, useState } from 'react';

interface TextFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** What is used while nothing is set: the box shows it as its value. */
  standard?: string;
  placeholder?: string;
  help?: string;
  problem?: string;
  numeric?: boolean;
}

/** A box with its explanation, and what is wrong with it, beside it. */
export function TextField({ label, value, onChange, standard = '', placeholder, help, problem, numeric = true }: TextFieldProps) {
  const id = useId();
  // A box that is being emptied stays empty until it is left.
  const [draft, setDraft] = useState<string | null>(null);
  const type = (text: string) => {
    setDraft(text);
    onChange(text.trim() === standard ? '' : text);
  };
  const said = [help !== undefined && `${id}-help`, problem !== undefined && `${id}-problem`].filter((part) => part !== false);
  return (
    <div className="field train-field">
      <label className="field-label" htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        type="text"
        inputMode={numeric ? 'decimal' : undefined}
        autoComplete="off"
        spellCheck={false}
        value={value !== '' ? value : (draft ?? standard)}
        placeholder={placeholder}
        aria-invalid={problem !== undefined}
        aria-describedby={said.length > 0 ? said.join(' ') : undefined}
        onChange={(e) => type(e.target.value)}
        onBlur={() => setDraft(null)}
      />
      {problem !== undefined && (
        <span id={`${id}-problem`} className="field-problem">
          {problem}
        </span>
      )}
      {help !== undefined && (
        <span id={`${id}-help`} className="field-help">
          {help}
        </span>
      )}
    </div>
  );
}

/** What is wrong where no single box is. */
export function Problem({ text }: { text: string | undefined }) {
  return text === undefined ? null : <p className="field-problem">{text}</p>;
}
