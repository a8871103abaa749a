import { RunstreamError } from "./errors.ts";

/**
 * A validator: what zod, valibot, arktype and others implement, see https://standardschema.dev. It must answer at once; one that
 * answers with a promise is refused.
 */
export interface StandardSchema<TInput = unknown, TOutput = TInput> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<TOutput> | Promise<SchemaResult<TOutput>>;
    readonly types?: { readonly input: TInput; readonly output: TOutput } | undefined;
  };
}

export type SchemaResult<TOutput> =
  | { readonly value: TOutput; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Turns a value into what the schema makes of it, or throws `invalid-part`. */
export type Validate<TOutput = unknown> = (value: unknown) => TOutput;

/** `what` is named in the errors. */
export function validator<TOutput>(
  what: string,
  schema: StandardSchema<unknown, TOutput> | undefined,
): Validate<TOutput> | undefined {
  if (schema === undefined) return undefined;
  const { validate } = schema?.["~standard"] ?? {};
  if (typeof validate !== "function") {
    const message = `${what}: the schema has no "~standard" method; give one of zod 3.24, valibot 1, arktype 2 or newer`;
    throw new RunstreamError("invalid-argument", message);
  }
  return (value) => {
    const result = schema["~standard"].validate(value);
    if (result instanceof Promise) {
      result.catch(() => {});
      throw new RunstreamError("invalid-argument", `${what}: the schema is asynchronous; take its async parts out`);
    }
    if (result.issues === undefined) return result.value;
    const issues = result.issues.map(tell).join("; ");
    throw new RunstreamError("invalid-part", `${what}: the schema refuses ${excerpt(value)} (${issues})`);
  };
}

function tell({ message, path = [] }: SchemaIssue): string {
  const keys = path.map((segment) => String(typeof segment === "object" ? segment.key : segment));
  return keys.length > 0 ? `${keys.join(".")}: ${message}` : message;
}

function excerpt(value: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {
    // Told by its kind, then.
  }
  const text = json ?? typeof value;
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
