/** The device, and which model is in use. */
import { askedHosts, ownFiles } from '../../src/cache/requestLog.ts';
import { throwIfStopped } from '../../src/core/errors.ts';
import type { AskedHost, DeviceInfo, HubModel, HubPlan, KeptModel, LoadProgress, ModelInfo, ModelSource } from '../../src/api/model.ts';
import { builtInIds, describeBuiltIn, describeKept, openHub, openModel, sourceId, type OpenHub } from '../../src/engine/model/openModel.ts';
import type { DeviceRequest } from '../../src/gpu/device.ts';
import type { CallContext } from '../rpc.ts';
import type { Workbench } from './workbench.ts';

export class ModelsService {
  readonly #bench: Workbench;
  #loading: Promise<unknown> = Promise.resolve();

  constructor(bench: Workbench) {
    this.#bench = bench;
  }

  /** Before all other calls. */
  open(_: CallContext, settings: { device: DeviceRequest; base: string }): Promise<DeviceInfo> {
    return this.#bench.open(settings);
  }

  async list(_: CallContext): Promise<ModelInfo[]> {
    const current = this.#bench.current?.info;
    const { base } = this.#bench;
    const ids = await builtInIds(base);
    const shipped = await Promise.all(
      ids.map(async (id) => (current?.id === id && current.source === 'built-in' ? current : describeBuiltIn(base, id))),
    );
    const kept = await this.#describeKept(current);
    const all = [...shipped, ...kept];
    return current && !all.includes(current) ? [...all, current] : all;
  }

  /** The model in use; null before the first. */
  current(_: CallContext): ModelInfo | null {
    return this.#bench.current?.info ?? null;
  }

  /** One load at a time; the model in use stays until the new one is whole. */
  async load({ signal, progress }: CallContext<LoadProgress>, source: ModelSource): Promise<ModelInfo> {
    const { runtime, base } = this.#bench;
    const turn = this.#loading;
    const mine = (async () => {
      await turn.catch(() => {});
      throwIfStopped(signal);
      // Asked when its turn has come, since an earlier load may have replaced what is current now.
      const current = this.#bench.current?.info;
      const kind = 'id' in source ? 'built-in' : 'hub';
      if (!('files' in source) && current?.source === kind && sourceId(source) === current.id) return current;
      const loaded = await openModel(runtime, base, source, { onProgress: progress, signal, hub: () => this.#hub() });
      if (signal.aborted) await loaded.model.release();
      throwIfStopped(signal);
      await this.#bench.replace(loaded);
      return loaded.info;
    })();
    this.#loading = mine;
    return mine;
  }

  async planHub({ signal }: CallContext, model: Required<HubModel>, host: string): Promise<HubPlan> {
    return (await this.#hub()).plan(model, host, signal);
  }

  /** Models of the hub, whole and begun. */
  async kept(_: CallContext): Promise<KeptModel[]> {
    return (await this.#hub()).store.list();
  }

  async remove(_: CallContext, id: string): Promise<void> {
    return (await this.#hub()).store.remove(id);
  }

  /** Addresses of the page's own files asked for so far. */
  files(_: CallContext): string[] {
    return ownFiles();
  }

  /** Hosts this worker asked something of. */
  requests(_: CallContext): AskedHost[] {
    return askedHosts();
  }

  /** Models of the hub that open without it; none where nothing is kept. */
  async #describeKept(current: ModelInfo | undefined): Promise<ModelInfo[]> {
    try {
      const hub = await this.#hub();
      const whole = (await hub.store.list()).filter((model) => model.whole);
      const infos = await Promise.all(
        whole.map(async (kept) => (current?.source === 'hub' && current.id === kept.id ? current : describeKept(hub, kept))),
      );
      return infos.flatMap((info) => info ?? []);
    } catch {
      return [];
    }
  }

  #hub(): ReturnType<OpenHub> {
    return (this.#bench.platform.hub ?? openHub)();
  }
}
