// @vitest-environment happy-dom
import "./suite.tsx";
