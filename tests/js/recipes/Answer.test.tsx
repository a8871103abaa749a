// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { TriggerAuthContext } from "runstream/react";
import { createTestStream } from "runstream/testing";
import { afterEach, expect, test } from "vitest";
import { Answer, answer } from "./Answer.tsx";

afterEach(cleanup);

function show() {
  const stream = createTestStream(answer);
  render(
    <TriggerAuthContext.Provider value={stream.auth}>
      <Answer runId={stream.runId} />
    </TriggerAuthContext.Provider>,
  );
  return stream;
}

const shows = (text: string) => expect(screen.getByText(text)).toBeTruthy();

test("shows the answer as it comes, and loses nothing when the connection breaks", async () => {
  const stream = show();
  await stream.push("Hel", "lo");
  shows("Hello");
  await stream.cut();
  shows("reconnecting");
  await stream.push(" world"); // written while nobody reads
  shows("Hello");
  await stream.advance(100); // milliseconds: the first try comes within that time
  shows("Hello world");
  shows("live");
});

test("shows what is wrong, beside the parts", async () => {
  const stream = show();
  await stream.push("Hello");
  await stream.fail(503);
  expect(screen.queryByRole("alert")).toBeNull(); // one failure is no reason to alarm anybody
  await stream.advance(10_000);
  expect(screen.getByRole("alert").textContent).toBe("http");
  shows("Hello");
  stream.recover();
  await stream.advance(5_000);
  expect(screen.queryByRole("alert")).toBeNull();
  await stream.fail("unauthorized");
  expect(screen.getByRole("alert").textContent).toBe("unauthorized");
  shows("failed");
});

test("ends when the server has nothing more to say", async () => {
  const stream = show();
  await stream.push("Hello");
  await stream.end(); // a minute on the clock, and none on yours
  shows("ended");
});

test("sends what the button is for, once", async () => {
  const stream = show();
  stream.delaySends(500);
  fireEvent.click(screen.getByText("Cancel"));
  await stream.advance(499);
  expect(screen.getByText("Cancel")).toHaveProperty("disabled", true);
  expect(stream.sent).toEqual([]);
  await stream.advance(1);
  expect(screen.getByText("Cancel")).toHaveProperty("disabled", false);
  expect(stream.sent).toEqual([{ stream: "cancel", data: { reason: "enough" } }]);

  stream.failSends("not-found");
  fireEvent.click(screen.getByText("Cancel"));
  await stream.advance(500);
  expect(screen.getByRole("alert").textContent).toBe("not-found");
});
