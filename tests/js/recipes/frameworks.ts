import { useSyncExternalStore } from "react";
import type { StreamStore } from "runstream";
import { createSignal, onCleanup } from "solid-js";
import { onScopeDispose, shallowRef } from "vue";

export const vue = <TPart>(store: StreamStore<TPart>) => {
  const snapshot = shallowRef(store.getSnapshot());
  onScopeDispose(store.subscribe((next) => (snapshot.value = next)));
  return snapshot;
};

export const solid = <TPart>(store: StreamStore<TPart>) => {
  const [snapshot, setSnapshot] = createSignal(store.getSnapshot());
  onCleanup(store.subscribe((next) => setSnapshot(() => next)));
  return snapshot;
};

export const react = <TPart>(store: StreamStore<TPart>) =>
  useSyncExternalStore(store.subscribe, store.getSnapshot, store.getSnapshot);
