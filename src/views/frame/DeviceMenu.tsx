import { Suspense, useState } from 'react';
import type { DeviceProps } from './DeviceBody.tsx';
import { laterPart } from '../shared/later.tsx';
import { useApp } from '../shared/StoreContext.tsx';

const MENU_ID = 'device-menu';
const DeviceBody = laterPart<DeviceProps>(() => import('./DeviceBody.tsx').then((m) => m.DeviceBody));

export function DeviceMenu(props: DeviceProps) {
  const device = useApp((s) => s.device);
  const [opened, setOpened] = useState(false);
  const failed = useApp((s) => s.boot.status === 'failed');
  const name = device ? (device.kind === 'webgpu' ? 'WebGPU' : 'CPU') : failed ? 'no device' : 'starting';
  const threads = device?.kind === 'wasm' ? ` × ${device.threads}` : '';
  return (
    <>
      <button
        type="button"
        className="button-quiet button-menu"
        popoverTarget={MENU_ID}
        aria-label={`Device: ${device?.description ?? name}`}
      >
        <span className={`lamp lamp-${device ? device.kind : 'none'}`} aria-hidden="true" />
        {name}
        <span className="wide-only">{threads}</span>
      </button>
      <div id={MENU_ID} popover="auto" className="menu" role="dialog" aria-label="Device" onBeforeToggle={() => setOpened(true)}>
        {opened && (
          <Suspense fallback={<p>One moment…</p>}>
            <DeviceBody {...props} />
          </Suspense>
        )}
      </div>
    </>
  );
}
