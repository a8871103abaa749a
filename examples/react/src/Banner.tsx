import type { ReactNode } from "react";

/** An error that needs somebody: its code, in words, and what can be done about it. */
export function Banner({ code, message, children }: { code: string; message: string; children?: ReactNode }) {
  return (
    <div className="banner" role="alert">
      <code>{code}</code>
      <p>{message}</p>
      {children}
    </div>
  );
}
