import { useId, useState, type ReactNode } from 'react';

export function Field({ label, children }: { label: string; children: ReactNode }) {
  return (
    <label className="field">
      <span className="field-label">{label}</span>
      {children}
    </label>
  );
}

interface NumberInputProps {
  value: number;
  onChange: (value: number) => void;
  min?: number;
  max?: number;
  step?: number | 'any';
  label?: string;
  disabled?: boolean;
}

/** A number box that tolerates half-typed numbers and reports only whole ones within its range. */
export function NumberInput({ value, onChange, min, max, step = 'any', label, disabled }: NumberInputProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const type = (text: string) => {
    setDraft(text);
    const number = Number(text);
    if (text.trim() === '' || !Number.isFinite(number)) return;
    onChange(Math.min(max ?? Infinity, Math.max(min ?? -Infinity, number)));
  };
  return (
    <input
      type="number"
      className="number-input"
      aria-label={label}
      value={draft ?? String(value)}
      min={min}
      max={max}
      step={step}
      disabled={disabled}
      onChange={(e) => type(e.target.value)}
      onBlur={() => setDraft(null)}
    />
  );
}

interface ChoiceProps<T extends string> {
  legend: string;
  options: readonly { value: T; label: string; title?: string }[];
  value: T;
  onChange: (value: T) => void;
}

/** A row of exclusive choices. */
export function Choice<T extends string>({ legend, options, value, onChange }: ChoiceProps<T>) {
  const name = useId();
  return (
    <fieldset className="choice">
      <legend>{legend}</legend>
      {options.map((option) => (
        <label key={option.value} title={option.title} className={option.value === value ? 'is-chosen' : undefined}>
          <input
            type="radio"
            className="visually-hidden"
            name={name}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}
