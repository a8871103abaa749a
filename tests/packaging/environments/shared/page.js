// The page of every browser environment: the address says what to read, and from where.
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { Parts } from "./parts.js";

const { runId, ...client } = Object.fromEntries(new URLSearchParams(location.search));
createRoot(document.querySelector("#root")).render(createElement(Parts, { runId, client }));
