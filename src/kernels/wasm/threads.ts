/**
 * Threads that do the tasks of a phase together. Helpers sleep on a shared word until a phase opens; the caller takes
 * tasks too, closes the phase when none is left, and waits only for helpers that had joined, so a helper that gets no
 * processor holds nobody up. Which thread does a task changes no number (assembly/train.ts).
 */

/** What a helper is told: a module to run phases of, or to forget one (or, with neither known, just to answer). */
export interface HelperMessage {
  control: Int32Array;
  /** The control's epoch when this was sent. */
  epoch: number;
  /** Number of the helper; the caller is 0. */
  thread: number;
  id: number;
  job?: { module: WebAssembly.Module; memory: WebAssembly.Memory; plan: number; phases: readonly string[] };
}

export interface HelperAnswer {
  id: number;
  error?: string;
}

/** The end of a helper's line that lies in the helper. */
interface HelperPort {
  post(answer: HelperAnswer): void;
  listen(receive: (message: HelperMessage) => void): void;
}

/** A helper as its owner sees it. */
export interface Helper {
  post(message: HelperMessage): void;
  /** Called with each answer, or with the error that ended the helper. */
  listen(receive: (answer: HelperAnswer) => void, fail: (error: Error) => void): void;
  close(): void;
}

/** Words of the control: a number that changes when there is news, the job (0: listen to messages), its phase, whether it takes helpers, how many are in it, how many failed. */
const EPOCH = 0;
const JOB = 1;
const PHASE = 2;
const OPEN = 3;
const INSIDE = 4;
const FAILED = 5;

const SLOW_START_MS = 20_000;
/** A phase takes some milliseconds; several such waits in a row mean that a helper is gone. */
const WAIT_MS = 10_000;
const WAITS = 6;

/**
 * What a helper does for ever. Stands on its own, without a name from outside it, so that Node can be given its
 * source (scripts/threads.mjs).
 */
export function help(port: HelperPort): void {
  type Run = (plan: number, thread: number) => void;
  const jobs = new Map<number, { plan: number; phases: Run[] }>();
  const [epochAt, jobAt, phaseAt, openAt, insideAt, failedAt] = [0, 1, 2, 3, 4, 5];
  const doPhase = (control: Int32Array, thread: number) => {
    Atomics.add(control, insideAt, 1);
    try {
      const job = jobs.get(Atomics.load(control, jobAt));
      if (job && Atomics.load(control, openAt) === 1) job.phases[Atomics.load(control, phaseAt)](job.plan, thread);
    } catch {
      Atomics.store(control, failedAt, 1);
    }
    if (Atomics.sub(control, insideAt, 1) === 1) Atomics.notify(control, insideAt);
  };
  port.listen(({ control, epoch, thread, id, job }) => {
    try {
      jobs.delete(id);
      if (job) {
        const { exports } = new WebAssembly.Instance(job.module, { env: { memory: job.memory } });
        jobs.set(id, { plan: job.plan, phases: job.phases.map((name) => exports[name] as unknown as Run) });
      }
      port.post({ id });
    } catch (error) {
      port.post({ id, error: String(error) });
    }
    for (let seen = epoch; ;) {
      Atomics.wait(control, epochAt, seen);
      seen = Atomics.load(control, epochAt);
      if (Atomics.load(control, jobAt) === 0) return;
      doPhase(control, thread);
    }
  });
}

export class Threads {
  /** With the caller's own. */
  readonly count: number;
  readonly #helpers: readonly Helper[];
  readonly #control = new Int32Array(new SharedArrayBuffer(6 * Int32Array.BYTES_PER_ELEMENT));
  #lastId = 0;
  /** Messages that not every helper has answered, by their id. */
  readonly #asked = new Map<number, { missing: number; finish: (error?: Error) => void }>();

  private constructor(helpers: readonly Helper[]) {
    this.#helpers = helpers;
    this.count = helpers.length + 1;
    for (const helper of helpers) {
      helper.listen(
        (answer) => this.#receive(answer),
        (error) => this.#asked.forEach(({ finish }) => finish(error)),
      );
    }
  }

  /**
   * @param count of threads, the caller's own among them
   * @param start makes a helper that runs `help`
   * @throws Error when a helper does not start; one thread gives the same numbers
   */
  static async start(count: number, start: () => Helper): Promise<Threads> {
    const threads = new Threads(Array.from({ length: count - 1 }, start));
    try {
      await threads.#tell(++threads.#lastId);
      return threads;
    } catch (error) {
      threads.close();
      throw error;
    }
  }

  /**
   * Makes the helpers ready to run a module's phases on a memory.
   * @param phases names of exports that take (plan, thread) and return when no task is left
   * @returns the job's number
   */
  async add(module: WebAssembly.Module, memory: WebAssembly.Memory, plan: number, phases: readonly string[]): Promise<number> {
    const id = ++this.#lastId;
    await this.#tell(id, { module, memory, plan, phases });
    return id;
  }

  /** Opens a phase to the helpers while `work`, the caller's share, runs; returns when all of it is done. */
  run(id: number, phase: number, work: () => void): void {
    const control = this.#control;
    Atomics.store(control, JOB, id);
    Atomics.store(control, PHASE, phase);
    Atomics.store(control, OPEN, 1);
    this.#wake();
    try {
      work();
    } finally {
      Atomics.store(control, OPEN, 0);
      this.#waitForHelpers();
      if (this.#asked.size > 0) this.#sendToMessages();
    }
    if (Atomics.exchange(control, FAILED, 0) === 1) throw new Error('A training thread failed in its part of a step.');
  }

  /** Lets the helpers forget a job. */
  drop(id: number): void {
    this.#send(id);
  }

  close(): void {
    for (const helper of this.#helpers) helper.close();
  }

  #wake(): void {
    Atomics.add(this.#control, EPOCH, 1);
    Atomics.notify(this.#control, EPOCH);
  }

  /** Ends the helpers' sleep, so that they read their messages. */
  #sendToMessages(): void {
    Atomics.store(this.#control, JOB, 0);
    this.#wake();
  }

  #waitForHelpers(): void {
    const control = this.#control;
    for (let waits = 0; waits < WAITS;) {
      const inside = Atomics.load(control, INSIDE);
      if (inside === 0) return;
      if (Atomics.wait(control, INSIDE, inside, WAIT_MS) === 'timed-out') waits++;
    }
    throw new Error('A training thread does not answer any more.');
  }

  /** A message to every helper. */
  #send(id: number, job?: HelperMessage['job']): void {
    this.#sendToMessages();
    const epoch = Atomics.load(this.#control, EPOCH);
    this.#helpers.forEach((helper, i) => helper.post({ control: this.#control, epoch, thread: i + 1, id, job }));
  }

  #receive({ id, error }: HelperAnswer): void {
    const asked = this.#asked.get(id);
    if (!asked) return;
    if (error !== undefined) asked.finish(new Error(`A training thread could not start: ${error}`));
    else if (--asked.missing === 0) asked.finish();
  }

  /** Sends and waits for every helper's answer. */
  #tell(id: number, job?: HelperMessage['job']): Promise<void> {
    if (this.#helpers.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const finish = (error?: Error) => {
        clearTimeout(timer);
        this.#asked.delete(id);
        if (error) reject(error);
        else resolve();
      };
      const timer = setTimeout(() => finish(new Error('A training thread did not start in time.')), SLOW_START_MS);
      this.#asked.set(id, { missing: this.#helpers.length, finish });
      this.#send(id, job);
    });
  }
}
