import { STATUS_CODES } from "node:http";
import type { Fault } from "./faults.ts";
import { empty, finish, type Req, type Res } from "./http.ts";

/** The faults that are an answer by themselves. */
export type WholeAnswer = Extract<Fault, { kind: "status" | "html" | "redirect" }>;

export function isWholeAnswer(fault: Fault): fault is WholeAnswer {
  return fault.kind === "status" || fault.kind === "html" || fault.kind === "redirect";
}

/** Returns the status it answered. */
export function answerWith(fault: WholeAnswer, req: Req, res: Res): number {
  if (fault.kind === "html") {
    finish(
      res,
      200,
      "text/html; charset=utf-8",
      fault.body ?? "<!doctype html><title>Sign in</title><p>Sign in to this network.",
    );
    return 200;
  }
  if (fault.kind === "redirect") {
    res.setHeader("location", fault.location ?? `${req.url}?redirected=1`);
    empty(res, fault.status ?? 307);
    return fault.status ?? 307;
  }
  if (fault.cors === false) {
    res.removeHeader("access-control-allow-origin");
    res.removeHeader("access-control-expose-headers");
  }
  for (const [name, value] of Object.entries(fault.headers ?? {})) res.setHeader(name, value);
  const body = fault.body ?? JSON.stringify({ error: STATUS_CODES[fault.status] ?? "Unknown" });
  if (fault.status === 204 || fault.status === 304) empty(res, fault.status);
  else finish(res, fault.status, fault.contentType ?? "application/json; charset=utf-8", body);
  return fault.status;
}
