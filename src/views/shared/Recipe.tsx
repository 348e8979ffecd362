import { CopyButton } from './CopyButton.tsx';

/** Text for another program, to be copied. */
export function Recipe({ name, use, text }: { name: string; use: string; text: string }) {
  return (
    <>
      <p>
        {name} <span className="hint">{use}</span>
      </p>
      <pre className="config-json" tabIndex={0} aria-label={name}>
        {text}
      </pre>
      <div className="menu-buttons">
        <CopyButton label={`Copy the ${name}`} text={() => text} />
      </div>
    </>
  );
}
