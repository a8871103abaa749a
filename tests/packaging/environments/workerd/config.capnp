using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["private", "public"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);

const worker :Workerd.Worker = (
  modules = [
    (name = "worker.js", esModule = embed "dist/worker.js"),
    (name = "runstream_bg.wasm", wasm = embed "dist/runstream_bg.wasm"),
    (name = "writer_bg.wasm", wasm = embed "dist/writer_bg.wasm"),
  ],
  compatibilityDate = "2026-08-01",
  compatibilityFlags = FLAGS,
);
