/** Milliseconds before the second and before the third attempt. */
const RETRY_MS = [100, 250];

/** S2 refused, or gave no answer. */
export class S2Error extends Error {
  constructor(
    message: string,
    /** Undefined when there was no answer. */
    readonly status?: number,
    /** The body of the answer. */
    readonly said = "",
  ) {
    super(message);
    this.name = "S2Error";
  }

  /** Another attempt may do better: also while a stream of that name is being deleted (409). */
  get isTransient(): boolean {
    return this.status === undefined || this.status >= 500 || [408, 409, 429].includes(this.status);
  }
}

/** Up to three attempts at what may go well the next time. */
export async function retrying<T>(attempt: () => Promise<T>): Promise<T> {
  for (const waitMs of RETRY_MS) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof S2Error && error.isTransient)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  return attempt();
}
