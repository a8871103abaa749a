// @vitest-environment jsdom
import "./suite.tsx";
