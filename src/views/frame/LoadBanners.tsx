import type { Startup } from '../../state/shared/startup.ts';
import { ProgressLine } from '../shared/Progress.tsx';
import { useActions, useApp } from '../shared/StoreContext.tsx';

/** The first model of the page, and any opened later. */
export function LoadBanners({ startup }: { startup: Startup }) {
  const boot = useApp((s) => s.boot);
  const load = useApp((s) => s.load);
  const { cancelLoad, dismissLoad, loadModel, retryBoot } = useActions();
  const again = load.status === 'failed' ? load.again : undefined;
  return (
    <>
      {boot.status === 'loading' && <ProgressLine name={startup.modelId} progress={boot.progress} onCancel={() => startup.cancel()} />}
      {boot.status === 'failed' && load.status === 'idle' && (
        <div className="banner banner-failure" role="alert">
          <span className="banner-words">{boot.message}</span>
          <button type="button" className="button-small" onClick={retryBoot}>
            Try again
          </button>
        </div>
      )}
      {load.status === 'loading' && <ProgressLine name={load.name} progress={load.progress} onCancel={cancelLoad} />}
      {load.status === 'failed' && (
        <div className="banner banner-failure" role="alert">
          <span className="banner-words">
            {load.message} {load.kept !== null && `${load.kept} is still open.`}
          </span>
          {again !== undefined && load.status === 'failed' && (
            <button type="button" className="button-small" onClick={() => void loadModel(again, load.name)}>
              Resume
            </button>
          )}
          <button type="button" className="button-small" onClick={dismissLoad}>
            Dismiss
          </button>
        </div>
      )}
    </>
  );
}
