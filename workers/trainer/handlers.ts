/** The methods of a trainer session as calls; `satisfies` keeps them in step with api.ts. */
import type { CallContext, Handlers } from '../rpc.ts';
import type { TrainerMethods } from './api.ts';
import type { TrainerSession } from './session.ts';

type HandlersOf<Methods> = {
  [M in keyof Methods]: Methods[M] extends (...args: infer A) => infer R ? (context: CallContext, ...args: A) => R | Promise<R> : never;
};

export function trainerHandlers(session: TrainerSession): Handlers {
  return {
    open: (_, settings) => session.open(settings),
    addCorpus: (context, name, file, options) => session.addCorpus(context, name, file, options),
    estimate: (context, config, model) => session.estimate(context, config, model),
    begin: (context, job) => session.begin(context, job),
    go: (context, id) => session.go(context, id),
    halt: (_, id, state) => session.halt(id, state),
    files: (_, id, index) => session.files(id, index),
    conclude: (_, id, end) => session.conclude(id, end),
    forget: (_, id) => session.forget(id),
    history: (_, id) => session.history(id),
  } satisfies HandlersOf<TrainerMethods>;
}
