// Every block of the documentation of streams: run, or left out for a reason.
import { auth } from "./auth.ts";
import { backendInput } from "./backend-input.ts";
import { backendStreams } from "./backend-streams.ts";
import { elsewhere } from "./elsewhere.ts";
import type { Page } from "./entries.ts";
import { hooks } from "./hooks.ts";
import { tasks } from "./tasks.ts";

export const list: Page[] = [tasks, hooks, backendStreams, backendInput, auth, ...elsewhere];
