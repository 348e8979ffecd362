import { Component, type ReactNode } from 'react';

/**
 * The last resort when drawing fails: without it React takes the whole page away. The text, the pins and the rest of
 * the view are in the address, so opening the page again brings them back.
 */
export class ScreenGuard extends Component<{ children: ReactNode }, { message: string | null }> {
  override state: { message: string | null } = { message: null };

  static getDerivedStateFromError(error: unknown): { message: string } {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    const { message } = this.state;
    if (message === null) return this.props.children;
    return (
      <main className="screen-failed">
        <h1>The page could not be drawn</h1>
        <p role="alert">
          This is a fault of featurescope, not of your text. What you typed, pinned and labelled is kept; edits and kept vectors are not.
        </p>
        <p>
          <button type="button" onClick={() => location.reload()}>
            Open the page again
          </button>
        </p>
        <p className="hint">
          What it said: <code>{message}</code>
        </p>
      </main>
    );
  }
}
