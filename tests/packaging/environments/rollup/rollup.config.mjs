import commonjs from "@rollup/plugin-commonjs";
import nodeResolve from "@rollup/plugin-node-resolve";
import replace from "@rollup/plugin-replace";

export default {
  input: "page.js",
  output: { dir: "dist" },
  plugins: [
    nodeResolve({ browser: true }),
    commonjs(),
    replace({ preventAssignment: true, "process.env.NODE_ENV": '"production"' }),
  ],
  // A warning is a failure, but for the directives that no bundler of pages knows.
  onwarn(warning, warn) {
    if (warning.code === "MODULE_LEVEL_DIRECTIVE") return;
    warn(warning);
    process.exitCode = 1;
  },
};
