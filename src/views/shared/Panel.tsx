import { useId, type ReactNode } from 'react';

interface PanelProps {
  title: string;
  /** Beside the title: a fact or a few controls. */
  aside?: ReactNode;
  /** Still true, but a newer answer is on its way. */
  busy?: boolean;
  className?: string;
  children: ReactNode;
}

export function Panel({ title, aside, busy = false, className = '', children }: PanelProps) {
  const id = useId();
  return (
    <section className={`panel ${className}`} aria-labelledby={id} aria-busy={busy}>
      <header className="panel-header">
        <h2 id={id}>{title}</h2>
        <div className="panel-aside">{aside}</div>
      </header>
      {children}
    </section>
  );
}

/** Why there is nothing here yet. */
export function Empty({ children }: { children: ReactNode }) {
  return <p className="empty">{children}</p>;
}

export function Failure({ message }: { message: string }) {
  return (
    <p className="failure" role="alert">
      {message}
    </p>
  );
}

/** Grey lines where text will be. */
export function Skeleton({ lines }: { lines: number }) {
  return (
    <div className="skeleton" aria-hidden="true">
      {Array.from({ length: lines }, (_, i) => (
        <span key={i} style={{ width: `${92 - ((i * 37) % 45)}%` }} />
      ))}
    </div>
  );
}
