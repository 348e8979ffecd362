import type { ReactNode } from 'react';
import type { Part, PartName } from '../../state/feature/state.ts';
import { Going } from '../shared/Going.tsx';
import { Empty, Failure, Skeleton } from '../shared/Panel.tsx';
import { useFeatureActions } from './FeatureContext.tsx';

interface PartBodyProps<T> {
  part: Part<T>;
  name: PartName;
  /** Where this copy of the page does not have it, as a sentence. */
  absent: string;
  /** In place of grey lines before it is asked for. */
  before?: ReactNode;
  /** It takes long: how far it is, and a way to stop it. */
  long?: string;
  children: (value: T) => ReactNode;
}

/** What is known of a part, or how far it is, or why it is not to be had. */
export function PartBody<T>({ part, name, absent, before, long, children }: PartBodyProps<T>) {
  const { retry, stop } = useFeatureActions();
  switch (part.status) {
    case 'absent':
      return <Empty>{absent}</Empty>;
    case 'failed':
      return (
        <>
          <Failure message={part.message} />
          <div className="panel-foot">
            <button type="button" className="button-small" onClick={() => retry(name)}>
              Try again
            </button>
          </div>
        </>
      );
    case 'done':
      return children(part.value);
    case 'running':
      if (long === undefined) return <Skeleton lines={4} />;
      return (
        <Going
          words={part.message ? part.message.replace(/[.…]+$/, '') : long}
          done={part.done}
          total={part.total}
          onStop={() => stop(name)}
        />
      );
    case 'waiting':
      return before ?? <Skeleton lines={4} />;
  }
}
