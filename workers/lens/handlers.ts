/** The methods of a lens session as calls; `satisfies` keeps them in step with api.ts. */
import { askedHosts } from '../../src/cache/requestLog.ts';
import type { CallContext, Handlers } from '../rpc.ts';
import type { LensMethods } from './api.ts';
import type { LensSession } from './session.ts';

type HandlersOf<Methods> = {
  [M in keyof Methods]: Methods[M] extends (...args: infer A) => infer R ? (context: CallContext, ...args: A) => R | Promise<R> : never;
};

export function lensHandlers(session: LensSession): Handlers {
  return {
    open: (_, settings) => session.open(settings),
    list: () => session.list(),
    current: () => session.current(),
    load: (context, source) => session.load(context, source),
    planHub: (context, model, host) => session.planHub(context, model, host),
    requests: () => askedHosts(),
    keptModels: () => session.keptModels(),
    removeModel: (_, id) => session.removeModel(id),
    tokenize: (_, text) => session.tokenize(text),
    run: (context, input, options) => session.run(context, input, options),
    predict: (context, input, options) => session.predict(context, input, options),
    generate: (context, input, options) => session.generate(context, input, options),
    encode: (context, source, id) => session.encode(context, source, id),
    decode: (_, id, latents, options) => session.decode(id, latents, options),
    reconstruct: (context, source, id) => session.reconstruct(context, source, id),
    listDictionaries: () => session.listDictionaries(),
    importDictionaries: (context, files, options) => session.importDictionaries(context, files, options),
    inspectDictionaries: ({ signal }, files) => session.inspectDictionaries(files, signal),
    planPublished: (context, source, host) => session.planPublished(context, source, host),
    fetchPublished: (context, source, host, options) => session.fetchPublished(context, source, host, options),
    begunDownloads: () => session.begunDownloads(),
    removeDownload: (_, id) => session.removeDownload(id),
    previewDictionary: (_, files, options) => session.previewDictionary(files, options),
    exportDictionary: (_, id, format) => session.exportDictionary(id, format),
    removeDictionary: (_, id) => session.removeDictionary(id),
    restoreDictionary: (_, id) => session.restoreDictionary(id),
    keptDictionaries: () => session.keptDictionaries(),
    refreshDictionaries: () => session.refreshDictionaries(),
    evaluate: (context, id, options) => session.evaluate(context, id, options),
    dictionaryCard: (_, id) => session.dictionaryCard(id),
    densities: (_, id) => session.densities(id),
    vectors: (_, id, latent) => session.vectors(id, latent),
    live: () => session.live(),
  } satisfies HandlersOf<LensMethods>;
}
