import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { api } from "./server/api.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

// Without a service to start runs on, the page shows a run that it is pointed at.
const { TRIGGER_API_URL: url, TRIGGER_SECRET_KEY: secretKey } = process.env;

export default defineConfig({
  root: path("."),
  cacheDir: path("../../.cache/vite"),
  plugins: [react(), ...(url && secretKey ? [api({ url, secretKey })] : [])],
  // The dependencies are installed at the repository's root.
  server: { fs: { allow: [path("../..")] } },
  optimizeDeps: { include: ["react", "react-dom/client", "react/jsx-dev-runtime"] },
});
