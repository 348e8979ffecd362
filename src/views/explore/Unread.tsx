import { Empty, Skeleton } from '../shared/Panel.tsx';
import { useApp } from './store.ts';

interface UnreadProps {
  /** Grey lines while the text is on its way. */
  lines: number;
  /** What to say of an empty text. */
  empty: string;
  noModel: string;
}

/** In place of what is read from the text while there is nothing of it. */
export function Unread({ lines, empty, noModel }: UnreadProps) {
  const reading = useApp((s) => s.reading.status);
  const boot = useApp((s) => s.boot.status);
  if (reading === 'empty') return <Empty>{empty}</Empty>;
  if (boot === 'failed') return <Empty>{noModel}</Empty>;
  // Why is said below the text itself.
  if (reading === 'failed') return <Empty>Nothing to show: the text could not be read.</Empty>;
  return <Skeleton lines={lines} />;
}
