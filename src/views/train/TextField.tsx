import { useId } from 'react';

interface TextFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** What an empty box means. */
  placeholder?: string;
  help?: string;
  problem?: string;
  numeric?: boolean;
}

/** A box with its explanation, and what is wrong with it, beside it. */
export function TextField({ label, value, onChange, placeholder, help, problem, numeric = true }: TextFieldProps) {
  const id = useId();
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
        value={value}
        placeholder={placeholder}
        aria-invalid={problem !== undefined}
        aria-describedby={said.length > 0 ? said.join(' ') : undefined}
        onChange={(e) => onChange(e.target.value)}
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
