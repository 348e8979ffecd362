/** A helper thread in a browser. */
import { help, type HelperAnswer, type HelperMessage } from './threads.ts';

/** As much of a dedicated worker's scope as is used; the page's types have none. */
interface Scope {
  postMessage(answer: HelperAnswer): void;
  onmessage: ((event: MessageEvent<HelperMessage>) => void) | null;
}

const scope = self as unknown as Scope;

help({
  post: (answer) => scope.postMessage(answer),
  listen: (receive) => {
    scope.onmessage = ({ data }) => receive(data);
  },
});
